//! One spelling for expressions that Postgres majors print differently.
//!
//! From Postgres 14 on, a call written in SQL syntax is printed so again: `(now() AT TIME ZONE 'utc'::text)`.
//! Postgres 13 does not remember the syntax and prints the function: `timezone('utc'::text, now())`. The
//! function's form exists on every major, so it is the canonical one.
//!
//! Covered: `AT TIME ZONE`, `OVERLAPS`, `IS … NORMALIZED`, `NORMALIZE`, `TRIM`, `SUBSTRING … FROM`, `POSITION`,
//! `OVERLAY`, `COLLATION FOR`. Not covered, because the text does not hold what is needed: `EXTRACT` (another
//! function since 14, with another result type) and implicit casts of the arguments (only the function's form
//! shows them). `SUBSTRING … SIMILAR` and `XMLEXISTS` are left as they are.
//!
//! Source: `get_func_sql_syntax` in Postgres' `ruleutils.c`.

/// The canonical form of what `pg_get_expr` and its kin printed.
pub(super) fn canonical(expression: &str) -> String {
    // Nearly all expressions have none of these words; they are not taken apart.
    const WORDS: [&str; 8] = [
        " AT TIME ZONE ",
        " OVERLAPS ",
        "NORMALIZE", // and `NORMALIZED`
        "TRIM(",
        "SUBSTRING(",
        "POSITION(",
        "OVERLAY(",
        "COLLATION FOR (",
    ];
    if !WORDS.iter().any(|word| expression.contains(word)) {
        return expression.to_owned();
    }
    // What does not parse is no expression that we understand, and is left as it is.
    match parse(expression) {
        Some(nodes) => join(&pieces(&nodes)),
        None => expression.to_owned(),
    }
}

/// Condition and arguments of a trigger, from what `pg_get_triggerdef` printed.
pub(super) fn trigger_parts(definition: &str) -> Option<(Option<String>, Vec<String>)> {
    let nodes = parse(definition)?;
    // `… WHEN (condition) EXECUTE FUNCTION schema.name('a', 'b')`; the words are key words outside quotes.
    let execute = nodes
        .iter()
        .rposition(|node| matches!(node, Node::Raw(text) if text.contains(" EXECUTE FUNCTION ")))?;
    let condition = match nodes.get(..execute)? {
        [.., Node::Raw(before), Node::Group(condition)] if before.ends_with(" WHEN ") => {
            Some(join(&pieces(condition)))
        }
        _ => None,
    };
    let Some(Node::Group(list)) = nodes.last() else { return None };
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    for node in list {
        match node {
            // Pieces in a row are one string with a quote in it.
            Node::Quoted(text) => match &mut current {
                Some(argument) => argument.push_str(text),
                None => current = Some(text.clone()),
            },
            _ => arguments.extend(current.take()),
        }
    }
    arguments.extend(current);
    let unquoted = |text: &String| Some(text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"));
    Some((condition, arguments.iter().map(unquoted).collect::<Option<_>>()?))
}

enum Node {
    /// Anything outside quotes and parentheses.
    Raw(String),
    /// A string or a quoted identifier, with its quotes.
    Quoted(String),
    /// What stands between two parentheses.
    Group(Vec<Node>),
}

/// The whole text, if quotes and parentheses pair up.
fn parse(text: &str) -> Option<Vec<Node>> {
    let mut rest = text;
    let nodes = parse_group(&mut rest, 0)?;
    rest.is_empty().then_some(nodes)
}

/// Reads up to the end or to a closing parenthesis that was not opened here.
fn parse_group(rest: &mut &str, depth: usize) -> Option<Vec<Node>> {
    // Far deeper than anybody writes, far from the end of any thread's stack.
    const DEEPEST: usize = 500;
    let mut nodes = Vec::new();
    while let Some(next) = rest.chars().next() {
        match next {
            ')' => break,
            '(' if depth == DEEPEST => return None,
            '(' => {
                *rest = &rest[1..];
                nodes.push(Node::Group(parse_group(rest, depth + 1)?));
                *rest = rest.strip_prefix(')')?;
            }
            quote @ ('\'' | '"') => {
                // A doubled quote is two quoted pieces in a row: printed again, it is the same text.
                let end = rest[1..].find(quote)? + 2;
                nodes.push(Node::Quoted(rest[..end].to_owned()));
                *rest = &rest[end..];
            }
            _ => {
                let end = rest.find(['(', ')', '\'', '"']).unwrap_or(rest.len());
                nodes.push(Node::Raw(rest[..end].to_owned()));
                *rest = &rest[end..];
            }
        }
    }
    Some(nodes)
}

/// What a group holds once the groups inside it are canonical.
enum Piece {
    /// Text in which key words are key words.
    Raw(String),
    /// Text that is finished: a string, a name, a group, a call.
    Done(String),
}

/// The canonical pieces of a group, from the innermost outwards: each is looked at once.
fn pieces(nodes: &[Node]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let piece = match node {
            Node::Raw(text) => Piece::Raw(text.clone()),
            Node::Quoted(text) => Piece::Done(text.clone()),
            Node::Group(inner) => {
                let inner = self::pieces(inner);
                let mut nothing = String::new();
                let before = match pieces.last_mut() {
                    Some(Piece::Raw(text)) => text,
                    _ => &mut nothing,
                };
                match rewrite(before, &inner) {
                    Some(call) => {
                        before.truncate(before.len() - call.replaced.len());
                        Piece::Done(format!("{}({})", call.function, call.arguments.join(", ")))
                    }
                    None => Piece::Done(format!("({})", join(&inner))),
                }
            }
        };
        pieces.push(piece);
    }
    pieces
}

fn join(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::text).collect()
}

impl Piece {
    fn text(&self) -> &str {
        match self {
            Self::Raw(text) | Self::Done(text) => text,
        }
    }
}

struct Call {
    /// The word before the parenthesis that the function's name takes the place of.
    replaced: &'static str,
    function: &'static str,
    arguments: Vec<String>,
}

/// The function's form of a group, given the text before it.
fn rewrite(before: &str, group: &[Piece]) -> Option<Call> {
    let call = |replaced, function, arguments| Some(Call { replaced, function, arguments });
    if let Some([value, zone]) = split(group, [" AT TIME ZONE "]) {
        return call("", "timezone", vec![zone, value]);
    }
    if let Some(periods) = split::<1, 2>(group, [" OVERLAPS "]) {
        return call("", "\"overlaps\"", periods.map(unwrapped).into());
    }
    if let Some((value, form)) = normalized(group) {
        return call("", "is_normalized", [Some(value), form].into_iter().flatten().collect());
    }
    let replaced = ["TRIM", "SUBSTRING", "POSITION", "OVERLAY", "NORMALIZE", "COLLATION FOR "]
        .into_iter()
        .find(|word| ends_with_word(before, word))?;
    match replaced {
        "SUBSTRING" => match split(group, [" FROM ", " FOR "]) {
            Some::<[_; 3]>(parts) => call(replaced, "\"substring\"", parts.into()),
            None => split(group, [" FROM "])
                .and_then(|parts: [_; 2]| call(replaced, "\"substring\"", parts.into())),
        },
        "OVERLAY" => match split(group, [" PLACING ", " FROM ", " FOR "]) {
            Some::<[_; 4]>(parts) => call(replaced, "\"overlay\"", parts.into()),
            None => split(group, [" PLACING ", " FROM "])
                .and_then(|parts: [_; 3]| call(replaced, "\"overlay\"", parts.into())),
        },
        "POSITION" => split(group, [" IN "]).and_then(|[part, whole]| {
            call(replaced, "\"position\"", vec![unwrapped(whole), unwrapped(part)])
        }),
        "COLLATION FOR " => call(replaced, "pg_collation_for", vec![join(group)]),
        "NORMALIZE" => {
            let text = join(group);
            match text.rsplit_once(", ") {
                Some((value, form)) if FORMS.contains(&form) => {
                    call(replaced, "\"normalize\"", vec![value.to_owned(), form_constant(form)])
                }
                _ => call(replaced, "\"normalize\"", vec![text]),
            }
        }
        "TRIM" => {
            let Some(Piece::Raw(start)) = group.first() else { return None };
            let sides = [("BOTH ", "btrim"), ("LEADING ", "ltrim"), ("TRAILING ", "rtrim")];
            let (side, function) = sides.into_iter().find(|(side, _)| start.starts_with(side))?;
            if start.starts_with(&format!("{side}FROM ")) {
                let text = join(group);
                return call(replaced, function, vec![text[side.len() + "FROM ".len()..].to_owned()]);
            }
            let [characters, value] = split(group, [" FROM "])?;
            call(replaced, function, vec![value, characters.strip_prefix(side)?.to_owned()])
        }
        _ => None,
    }
}

/// The Unicode normal forms as key words.
const FORMS: [&str; 4] = ["NFC", "NFD", "NFKC", "NFKD"];

/// A normal form as the constant that the parser makes of its key word.
fn form_constant(form: &str) -> String {
    format!("'{}'::text", form.to_lowercase())
}

/// Value and form of `value IS NFC NORMALIZED` or `value IS NORMALIZED`.
fn normalized(group: &[Piece]) -> Option<(String, Option<String>)> {
    let Some(Piece::Raw(last)) = group.last() else { return None };
    let before = last.strip_suffix(" NORMALIZED")?;
    let (before, form) = match FORMS.into_iter().find_map(|form| Some((before.strip_suffix(form)?, form))) {
        Some((before, form)) => (before.strip_suffix(" IS ")?, Some(form_constant(form))),
        None => (before.strip_suffix(" IS")?, None),
    };
    let text = join(group);
    let behind = last.len() - before.len();
    Some((text[..text.len() - behind].to_owned(), form))
}

/// Whether the text ends in this word and not in a longer one.
fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word)
        .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"'))
}

/// The parts of a group between key words that stand at its own level, each once and in this order.
fn split<const WORDS: usize, const PARTS: usize>(
    group: &[Piece],
    words: [&str; WORDS],
) -> Option<[String; PARTS]> {
    let raw = |piece: &Piece| matches!(piece, Piece::Raw(text) if text.contains(words[0]));
    // Nearly no group has the word; nothing is copied for those.
    if !group.iter().any(raw) {
        return None;
    }
    let mut parts = vec![String::new()];
    let mut rest = words.iter().peekable();
    for piece in group {
        let Piece::Raw(text) = piece else {
            parts.last_mut()?.push_str(piece.text());
            continue;
        };
        let mut text = text.as_str();
        while let Some((before, after)) = rest.peek().and_then(|word| text.split_once(**word)) {
            rest.next();
            parts.last_mut()?.push_str(before);
            parts.push(String::new());
            text = after;
        }
        if words.iter().any(|word| text.contains(word)) {
            return None;
        }
        parts.last_mut()?.push_str(text);
    }
    parts.try_into().ok()
}

/// Without the parentheses that the grammar of `POSITION` and `OVERLAPS` wants around their operands.
fn unwrapped(operand: String) -> String {
    match parse(&operand).as_deref() {
        // What is inside is canonical already.
        Some([Node::Group(_)]) => operand[1..operand.len() - 1].to_owned(),
        _ => operand,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{canonical, trigger_parts};

    #[test]
    fn sql_syntax_becomes_the_function_that_older_servers_print() {
        let pairs = [
            ("(now() AT TIME ZONE 'utc'::text)", "timezone('utc'::text, now())"),
            ("((a AT TIME ZONE 'x'::text) AT TIME ZONE b)", "timezone(b, timezone('x'::text, a))"),
            ("(TRIM(BOTH FROM name) <> ''::text)", "(btrim(name) <> ''::text)"),
            ("TRIM(LEADING 'x'::text FROM TRIM(TRAILING FROM n))", "ltrim(rtrim(n), 'x'::text)"),
            ("SUBSTRING(code FROM 1 FOR 2)", "\"substring\"(code, 1, 2)"),
            ("SUBSTRING(code FROM '^a (b)'::text)", "\"substring\"(code, '^a (b)'::text)"),
            ("POSITION(('@'::text) IN (mail))", "\"position\"(mail, '@'::text)"),
            ("OVERLAY(a PLACING b FROM 1 FOR 2)", "\"overlay\"(a, b, 1, 2)"),
            ("((a, b) OVERLAPS (c, f(d)))", "\"overlaps\"(a, b, c, f(d))"),
            ("NORMALIZE(code, NFKC)", "\"normalize\"(code, 'nfkc'::text)"),
            ("NORMALIZE(f(a, b))", "\"normalize\"(f(a, b))"),
            ("(code IS NFC NORMALIZED)", "is_normalized(code, 'nfc'::text)"),
            ("(f(code) IS NORMALIZED)", "is_normalized(f(code))"),
            ("(COLLATION FOR (a) = ''::text)", "(pg_collation_for(a) = ''::text)"),
        ];
        for (newer, older) in pairs {
            assert_eq!(canonical(newer), older);
            assert_eq!(canonical(older), older);
        }
    }

    #[test]
    fn words_in_strings_and_names_are_left_alone() {
        for text in [
            "'(a AT TIME ZONE b)'::text",
            "(\"x AT TIME ZONE y\" = ' AT TIME ZONE '::text)",
            "\"TRIM\"(BOTH)",
            "'it''s TRIM('::text",
            "broken) AT TIME ZONE (",
        ] {
            assert_eq!(canonical(text), text);
        }
    }

    #[test]
    fn depth_costs_little_and_ends_somewhere() {
        let nested = |depth: usize| {
            format!("{}a{} <> TRIM(BOTH FROM a)", "(".repeat(depth), " || 'x'::text)".repeat(depth))
        };
        for depth in [10, 100, 400] {
            assert!(canonical(&nested(depth)).ends_with(" <> btrim(a)"), "{depth}");
        }
        // Left as it is, and not at the cost of the stack.
        assert_eq!(canonical(&nested(100_000)), nested(100_000));
    }

    #[test]
    fn a_trigger_is_taken_apart_whatever_its_names() {
        let definition = "CREATE TRIGGER \" WHEN (\" BEFORE UPDATE ON public.\"EXECUTE FUNCTION x(\" FOR EACH ROW \
            WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION app.touch('it''s', ') EXECUTE FUNCTION y(', '')";
        let (condition, arguments) = trigger_parts(definition).unwrap_or_default();
        assert_eq!(condition.as_deref(), Some("(old.* IS DISTINCT FROM new.*)"));
        assert_eq!(arguments, ["it's", ") EXECUTE FUNCTION y(", ""]);
        let plain = "CREATE TRIGGER t AFTER INSERT ON a.b FOR EACH STATEMENT EXECUTE FUNCTION f()";
        assert_eq!(trigger_parts(plain), Some((None, Vec::new())));
    }

    /// An expression as Postgres 14 and newer print it, and as 13 does.
    fn expression() -> impl Strategy<Value = (String, String)> {
        let same = |text: &str| (text.to_owned(), text.to_owned());
        let leaf = prop_oneof![
            Just(same("a")),
            Just(same("now()")),
            Just(same("'it''s ( AT TIME ZONE '::text")),
            Just(same("\"TRIM(\"")),
        ];
        leaf.prop_recursive(6, 40, 3, move |inner| {
            let two = (inner.clone(), inner.clone());
            let three = (inner.clone(), inner.clone(), inner.clone());
            prop_oneof![
                two.clone().prop_map(|(a, b)| {
                    (format!("({} AT TIME ZONE {})", a.0, b.0), format!("timezone({}, {})", b.1, a.1))
                }),
                two.clone().prop_map(|(a, b)| {
                    (format!("TRIM(LEADING {} FROM {})", a.0, b.0), format!("ltrim({}, {})", b.1, a.1))
                }),
                inner.clone().prop_map(|a| (format!("TRIM(BOTH FROM {})", a.0), format!("btrim({})", a.1))),
                three.clone().prop_map(|(a, b, c)| (
                    format!("SUBSTRING({} FROM {} FOR {})", a.0, b.0, c.0),
                    format!("\"substring\"({}, {}, {})", a.1, b.1, c.1),
                )),
                two.clone().prop_map(|(a, b)| {
                    (format!("POSITION(({}) IN ({}))", a.0, b.0), format!("\"position\"({}, {})", b.1, a.1))
                }),
                three.prop_map(|(a, b, c)| (
                    format!("OVERLAY({} PLACING {} FROM {})", a.0, b.0, c.0),
                    format!("\"overlay\"({}, {}, {})", a.1, b.1, c.1),
                )),
                inner.clone().prop_map(|a| {
                    (format!("({} IS NFD NORMALIZED)", a.0), format!("is_normalized({}, 'nfd'::text)", a.1))
                }),
                two.clone()
                    .prop_map(|(a, b)| (format!("({} || {})", a.0, b.0), format!("({} || {})", a.1, b.1))),
                two.prop_map(|(a, b)| (format!("f({}, {})", a.0, b.0), format!("f({}, {})", a.1, b.1))),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_expression_is_spelt_as_the_older_server_does((newer, older) in expression()) {
            prop_assert_eq!(canonical(&newer), older.as_str());
            prop_assert_eq!(canonical(&older), older);
        }

        #[test]
        fn any_text_is_taken(text in "([()'\" a,]| AT TIME ZONE | OVERLAPS | IS NFC NORMALIZED|TRIM\\(|BOTH | FROM |POSITION\\(| IN ){0,20}") {
            let _ = canonical(&text);
        }
    }
}
