//! Names of the database as names of Rust, without collisions.
//!
//! A name is cut into words at what Rust does not allow and where a lower case letter is followed by an upper case
//! one, and put together again as [`snake`] or [`pascal`]. What that makes of two names can be the same (`a_b` and
//! `"aB"`): a [`Scope`] settles it, always in the same way. Keywords become raw identifiers where Rust has them.

use std::collections::BTreeSet;

/// Words that cannot be raw identifiers.
const NEVER: &[&str] = &["self", "Self", "super", "crate", "_"];

/// Every other word that is reserved in some edition.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// `order_items`; empty if nothing of the name can stand in an identifier.
pub fn snake(name: &str) -> String {
    if is_snake(name) {
        return name.to_owned();
    }
    words(name).join("_")
}

/// `OrderItems`; empty if nothing of the name can stand in an identifier.
pub fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for word in words(name) {
        // Two numbers that touch would become one: `v1_2` is not `v12`.
        if pascal.ends_with(|c: char| c.is_ascii_digit()) && word.starts_with(|c: char| c.is_ascii_digit()) {
            pascal.push('_');
        }
        let mut letters = word.chars();
        pascal.extend(letters.next().into_iter().flat_map(char::to_uppercase).filter(|c| continues(*c)));
        pascal.push_str(letters.as_str());
    }
    pascal
}

/// `ORDER_ITEMS`; empty if nothing of the name can stand in an identifier.
pub fn screaming(name: &str) -> String {
    if is_snake(name) {
        return name.to_ascii_uppercase();
    }
    snake(name).chars().flat_map(char::to_uppercase).filter(|c| continues(*c)).collect()
}

/// Whether a name is what [`snake`] makes of it, as most are: lower case words of ASCII with one `_` between them.
fn is_snake(name: &str) -> bool {
    let mut before = b'_';
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => {}
            b'_' if before != b'_' => {}
            _ => return false,
        }
        before = byte;
    }
    before != b'_'
}

/// The words of a name in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before_lower = false;
    for letter in name.chars().map(plain) {
        if !continues(letter) || letter == '_' {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            before_lower = false;
            continue;
        }
        if letter.is_uppercase() && before_lower {
            words.push(std::mem::take(&mut word));
        }
        before_lower = letter.is_lowercase() || letter.is_numeric();
        word.extend(letter.to_lowercase().filter(|c| continues(*c)));
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

fn continues(letter: char) -> bool {
    // Marks that combine with the letter before have two spellings, which Rust takes for one.
    unicode_ident::is_xid_continue(letter)
        && !('\u{300}'..='\u{36f}').contains(&letter)
        && !COMPATIBLE.iter().any(|range| range.contains(&letter))
}

/// Other spellings of letters, which Rust warns of: `ª`, `ſ`, `Ǆ`, `ⅷ`, ligatures, letters of formulas.
const COMPATIBLE: &[std::ops::RangeInclusive<char>] = &[
    '\u{aa}'..='\u{ba}',
    '\u{132}'..='\u{133}',
    '\u{13f}'..='\u{140}',
    '\u{149}'..='\u{149}',
    '\u{17f}'..='\u{17f}',
    '\u{1c4}'..='\u{1cc}',
    '\u{1f1}'..='\u{1f3}',
    '\u{2b0}'..='\u{2ff}',
    '\u{3d0}'..='\u{3d6}',
    '\u{3f0}'..='\u{3f9}',
    '\u{1d2c}'..='\u{1d6a}',
    '\u{2070}'..='\u{209c}',
    '\u{2100}'..='\u{218f}',
    '\u{24b6}'..='\u{24e9}',
    '\u{f900}'..='\u{faff}',
    '\u{fb00}'..='\u{fdff}',
    '\u{fe70}'..='\u{feff}',
    '\u{ff61}'..='\u{ffef}',
    '\u{1d400}'..='\u{1d7ff}',
];

/// Latin letters with marks or of double width, without: they too have two spellings.
fn plain(letter: char) -> char {
    const PLAIN: &[(&str, char)] = &[
        ("àáâãäåāăą", 'a'),
        ("ÀÁÂÃÄÅĀĂĄ", 'A'),
        ("çćĉċč", 'c'),
        ("ÇĆĈĊČ", 'C'),
        ("ďđð", 'd'),
        ("ĎĐÐ", 'D'),
        ("èéêëēĕėęě", 'e'),
        ("ÈÉÊËĒĔĖĘĚ", 'E'),
        ("ĝğġģ", 'g'),
        ("ĜĞĠĢ", 'G'),
        ("ìíîïĩīĭįı", 'i'),
        ("ÌÍÎÏĨĪĬĮİ", 'I'),
        ("ĺļľł", 'l'),
        ("ĹĻĽŁ", 'L'),
        ("ñńņň", 'n'),
        ("ÑŃŅŇ", 'N'),
        ("òóôõöøōŏő", 'o'),
        ("ÒÓÔÕÖØŌŎŐ", 'O'),
        ("ŕŗř", 'r'),
        ("ŔŖŘ", 'R'),
        ("śŝşšß", 's'),
        ("ŚŜŞŠ", 'S'),
        ("ţťŧ", 't'),
        ("ŢŤŦ", 'T'),
        ("ùúûüũūŭůűų", 'u'),
        ("ÙÚÛÜŨŪŬŮŰŲ", 'U'),
        ("ýÿŷ", 'y'),
        ("ÝŸŶ", 'Y'),
        ("źżž", 'z'),
        ("ŹŻŽ", 'Z'),
    ];
    if letter.is_ascii() {
        return letter;
    }
    // `ＩＤ` is how `ID` is written between characters of double width.
    if let Some(letter @ '!'..='~') = u32::from(letter).checked_sub(0xfee0).and_then(char::from_u32) {
        return letter;
    }
    PLAIN.iter().find(|(marked, _)| marked.contains(letter)).map_or(letter, |(_, plain)| *plain)
}

/// A name that a person chose, as an identifier: raw if it is a keyword.
#[cfg(feature = "codegen")]
pub(crate) fn chosen(name: &str) -> String {
    identifier(name.to_owned(), name)
}

/// Makes an identifier of what [`snake`], [`pascal`] or [`screaming`] gave: not empty, no digit first, no keyword.
fn identifier(name: String, if_empty: &str) -> String {
    let mut name = if name.is_empty() { if_empty.to_owned() } else { name };
    if !name.starts_with(|first: char| unicode_ident::is_xid_start(first)) {
        name.insert(0, '_');
    }
    if NEVER.contains(&name.as_str()) {
        name.push('_');
    } else if KEYWORDS.contains(&name.as_str()) {
        name.insert_str(0, "r#");
    }
    name
}

/// The names of one namespace.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// A namespace in which these names mean something already.
    pub fn with_reserved<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { taken: names.into_iter().map(str::to_owned).collect() }
    }

    /// Takes `wanted` as an identifier, or if that is taken `wanted` with `suffix`, or with the first number from 2
    /// on that is free. `if_empty` is what a name is called of which nothing is left.
    pub fn take(&mut self, wanted: String, suffix: &str, if_empty: &str) -> String {
        let plain = if wanted.is_empty() { if_empty.to_owned() } else { wanted };
        let first = identifier(plain.clone(), if_empty);
        if self.taken.insert(first.clone()) {
            return first;
        }
        let second = identifier(format!("{plain}{suffix}"), if_empty);
        if !suffix.is_empty() && self.taken.insert(second.clone()) {
            return second;
        }
        let separator =
            if plain.contains('_') || plain.chars().all(|c| !c.is_uppercase()) { "_" } else { "" };
        (2_u64..)
            .map(|number| identifier(format!("{plain}{suffix}{separator}{number}"), if_empty))
            .find(|name| self.taken.insert(name.clone()))
            .unwrap_or(first)
    }

    /// Takes a name that a person chose; `false` if it is taken.
    pub fn claim(&mut self, name: &str) -> bool {
        self.taken.insert(name.to_owned())
    }
}

/// Identifiers for a list of names in one namespace: names that are their own identifier keep it, whatever stands
/// before them, so that a name added later changes none of the others.
pub fn assign<'a>(
    scope: &mut Scope,
    names: impl IntoIterator<Item = &'a str>,
    style: impl Fn(&str) -> String,
    suffix: &str,
    if_empty: &str,
) -> Vec<String> {
    let names: Vec<(&str, String)> = names.into_iter().map(|name| (name, style(name))).collect();
    let mut assigned: Vec<Option<String>> = vec![None; names.len()];
    for (place, (name, styled)) in names.iter().enumerate() {
        if !name.is_empty() && styled == name {
            assigned[place] = Some(scope.take(styled.clone(), suffix, if_empty));
        }
    }
    let assign = |(place, (_, styled)): (usize, (&str, String))| match assigned[place].take() {
        Some(name) => name,
        None => scope.take(styled, suffix, &format!("{if_empty}_{}", place + 1)),
    };
    names.into_iter().enumerate().map(assign).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fields(names: &[&str]) -> Vec<String> {
        assign(&mut Scope::default(), names.iter().copied(), snake, "", "column")
    }

    #[test]
    fn names_are_cut_into_words() {
        assert_eq!(snake("OrderItems"), "order_items");
        assert_eq!(snake("order items"), "order_items");
        assert_eq!(snake("ORDER-ITEMS"), "order_items");
        assert_eq!(snake("orderID2x"), "order_id2x");
        assert_eq!(snake("__id__"), "id");
        assert_eq!(snake("größe"), "grose");
        assert_eq!(snake("注文"), "注文");
        assert_eq!(snake("ＯrderＩＤ２"), "order_id2");
        assert_eq!(pascal("ⅷ_ﬁ_x²_ſ"), "X");
        assert_eq!(snake("\u{202e}!€"), "");
        assert_eq!(pascal("order_items"), "OrderItems");
        assert_eq!(pascal("v1_2"), "V1_2");
        assert_eq!(screaming("orderItems"), "ORDER_ITEMS");
    }

    #[test]
    fn every_name_becomes_an_identifier() {
        assert_eq!(
            fields(&["type", "self", "1st", "", "€", "a b"]),
            ["r#type", "self_", "_1st", "column_4", "column_5", "a_b"]
        );
        assert_eq!(fields(&["_", "gen", "Self", "crate"]), ["column_1", "r#gen", "self_", "crate_"]);
    }

    #[test]
    fn a_name_that_is_an_identifier_keeps_it() {
        assert_eq!(fields(&["aB", "a_b", "A B"]), ["a_b_2", "a_b", "a_b_3"]);
        assert_eq!(fields(&["a_b", "aB", "a_b_2"]), ["a_b", "a_b_3", "a_b_2"]);
    }

    proptest::proptest! {
        #[test]
        fn names_that_need_no_work_are_what_they_would_become(name in "[a-z0-9_A-Z]{0,8}") {
            proptest::prop_assert_eq!(snake(&name), words(&name).join("_"));
            proptest::prop_assert_eq!(screaming(&name), words(&name).join("_").to_uppercase());
        }

        #[test]
        fn identifiers_are_valid_and_differ(names in proptest::collection::hash_set("[a-cA-C_1é€ ]{0,4}|\\PC{0,3}", 1..20)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let assigned = fields(&names);
            let distinct: BTreeSet<&String> = assigned.iter().collect();
            proptest::prop_assert_eq!(distinct.len(), names.len());
            for name in assigned {
                #[cfg(feature = "derive")]
                proptest::prop_assert!(syn::parse_str::<syn::Ident>(&name).is_ok() || name.starts_with("r#"), "{}", name);
                proptest::prop_assert!(!name.is_empty());
            }
        }
    }
}
