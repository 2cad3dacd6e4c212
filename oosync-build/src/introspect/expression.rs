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
        Some(nodes) => printed(&nodes),
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
            Some(printed(condition))
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
    let nodes = parse_group(&mut rest)?;
    rest.is_empty().then_some(nodes)
}

/// Reads up to the end or to a closing parenthesis that was not opened here.
fn parse_group(rest: &mut &str) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while let Some(next) = rest.chars().next() {
        match next {
            ')' => break,
            '(' => {
                *rest = &rest[1..];
                nodes.push(Node::Group(parse_group(rest)?));
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

fn print(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Raw(text) | Node::Quoted(text) => out.push_str(text),
            Node::Group(inner) => {
                if let Some(call) = rewrite(out, inner) {
                    out.truncate(out.len() - call.replaced.len());
                    out.push_str(call.function);
                    out.push('(');
                    out.push_str(&call.arguments.join(", "));
                    out.push(')');
                } else {
                    out.push('(');
                    print(inner, out);
                    out.push(')');
                }
            }
        }
    }
}

struct Call {
    /// The word before the parenthesis that the function's name takes the place of.
    replaced: &'static str,
    function: &'static str,
    arguments: Vec<String>,
}

/// The function's form of a group, given what was printed before it.
fn rewrite(before: &str, group: &[Node]) -> Option<Call> {
    let call = |replaced, function, arguments| Some(Call { replaced, function, arguments });
    if let Some([value, zone]) = split(group, [" AT TIME ZONE "]) {
        return call("", "timezone", vec![zone, value]);
    }
    if let Some(parts) = split::<1, 2>(group, [" OVERLAPS "]) {
        let periods = parts.map(unwrapped);
        return call("", "\"overlaps\"", periods.into());
    }
    if let Some((value, form)) = normalized(group) {
        return call("", "is_normalized", [Some(value), form].into_iter().flatten().collect());
    }
    let replaced = ["TRIM", "SUBSTRING", "POSITION", "OVERLAY", "NORMALIZE", "COLLATION FOR "]
        .into_iter()
        .find(|word| ends_with_word(before, word))?;
    match replaced {
        "SUBSTRING" => match split(group, [" FROM ", " FOR "]) {
            Some([text, from, length]) => call(replaced, "\"substring\"", vec![text, from, length]),
            None => split(group, [" FROM "])
                .and_then(|[text, from]| call(replaced, "\"substring\"", vec![text, from])),
        },
        "OVERLAY" => match split(group, [" PLACING ", " FROM ", " FOR "]) {
            Some::<[_; 4]>(parts) => call(replaced, "\"overlay\"", parts.into()),
            None => split(group, [" PLACING ", " FROM "])
                .and_then(|parts: [_; 3]| call(replaced, "\"overlay\"", parts.into())),
        },
        "POSITION" => split(group, [" IN "]).and_then(|[part, whole]| {
            call(replaced, "\"position\"", vec![unwrapped(whole), unwrapped(part)])
        }),
        "COLLATION FOR " => call(replaced, "pg_collation_for", vec![printed(group)]),
        "NORMALIZE" => match printed(group).rsplit_once(", ") {
            Some((value, form)) if FORMS.contains(&form) => {
                call(replaced, "\"normalize\"", vec![value.to_owned(), form_constant(form)])
            }
            _ => call(replaced, "\"normalize\"", vec![printed(group)]),
        },
        "TRIM" => {
            let text = printed(group);
            let sides = [("BOTH ", "btrim"), ("LEADING ", "ltrim"), ("TRAILING ", "rtrim")];
            let (side, function) = sides.into_iter().find(|(side, _)| text.starts_with(side))?;
            if let Some(value) = text.strip_prefix(&format!("{side}FROM ")) {
                return call(replaced, function, vec![value.to_owned()]);
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
fn normalized(group: &[Node]) -> Option<(String, Option<String>)> {
    if let Some([value, rest]) = split(group, [" IS NORMALIZED"]) {
        return rest.is_empty().then_some((value, None));
    }
    let Some(Node::Raw(last)) = group.last() else { return None };
    let form = last.strip_suffix(" NORMALIZED")?.rsplit(' ').next().filter(|form| FORMS.contains(form))?;
    let text = printed(group);
    let value = text.strip_suffix(&format!(" IS {form} NORMALIZED"))?;
    Some((value.to_owned(), Some(form_constant(form))))
}

fn printed(nodes: &[Node]) -> String {
    let mut out = String::new();
    print(nodes, &mut out);
    out
}

/// Whether the text ends in this word and not in a longer one.
fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word)
        .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"'))
}

/// The parts of a group between key words that stand at its own level, each once and in this order.
fn split<const WORDS: usize, const PARTS: usize>(
    group: &[Node],
    words: [&str; WORDS],
) -> Option<[String; PARTS]> {
    let mut parts = vec![String::new()];
    let mut rest = words.iter().peekable();
    for node in group {
        let Node::Raw(text) = node else {
            print(std::slice::from_ref(node), parts.last_mut()?);
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

/// Without the parentheses that the grammar of `POSITION` wants around its operands.
fn unwrapped(operand: String) -> String {
    match parse(&operand).as_deref() {
        Some([Node::Group(inner)]) => printed(inner),
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
    fn a_trigger_is_taken_apart_whatever_its_names() {
        let definition = "CREATE TRIGGER \" WHEN (\" BEFORE UPDATE ON public.\"EXECUTE FUNCTION x(\" FOR EACH ROW \
            WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION app.touch('it''s', ') EXECUTE FUNCTION y(', '')";
        let (condition, arguments) = trigger_parts(definition).unwrap_or_default();
        assert_eq!(condition.as_deref(), Some("(old.* IS DISTINCT FROM new.*)"));
        assert_eq!(arguments, ["it's", ") EXECUTE FUNCTION y(", ""]);
        let plain = "CREATE TRIGGER t AFTER INSERT ON a.b FOR EACH STATEMENT EXECUTE FUNCTION f()";
        assert_eq!(trigger_parts(plain), Some((None, Vec::new())));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_a_second_pass_changes_nothing(
            text in "([()'\" a,]| AT TIME ZONE | OVERLAPS | IS NFC NORMALIZED|TRIM\\(|BOTH | FROM |POSITION\\(| IN ){0,20}"
        ) {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once);
        }
    }
}
