//! Constants in default expressions, as `pg_get_expr` prints them, in the form of a column on the device.
//!
//! What is not surely the value that Postgres would store is no constant here: the server fills it then.

use super::Literal;
use crate::facts::{Facts, TypeRef};
use crate::types::{ColumnType, Scalar, base, domains};

/// A constant expression: text or a number, with the type it was cast to.
#[derive(Debug, Clone, PartialEq)]
enum Constant {
    Null,
    Bool(bool),
    /// Digits, perhaps with a sign and a decimal point.
    Number(String),
    /// The text within quotes.
    Quoted(String),
    /// `ARRAY[…]`
    Array(Vec<Typed>),
}

/// A constant and the casts around it, innermost first, each as `(schema, name)` with whether it is an array.
#[derive(Debug, Clone, PartialEq)]
struct Typed {
    constant: Constant,
    casts: Vec<Cast>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cast {
    schema: String,
    name: String,
    array: bool,
    /// `(3)` of `bit(3)`.
    modifier: bool,
}

/// What a default expression gives for a column, as far as it is a constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// `NULL`: as if there were no default.
    Null,
    /// A value.
    Value(Literal),
}

/// The constant that `expression` is for a column of the declared type `ty`, which was resolved to `column`.
pub(super) fn constant(expression: &str, ty: &TypeRef, column: &ColumnType, facts: &Facts) -> Option<Found> {
    let mut reader = Reader { rest: expression };
    let typed = reader.typed(0)?;
    if !reader.rest.trim().is_empty() {
        return None;
    }
    if typed.constant == Constant::Null {
        return Some(Found::Null);
    }
    let target = Target { ty, facts };
    target.value(&typed, column).map(Found::Value)
}

/// Reads the little of SQL that constants are made of.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A word that is not part of a longer one.
    fn word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let found = self.skip(word) && !self.rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if !found {
            self.rest = before;
        }
        found
    }

    fn typed(&mut self, depth: usize) -> Option<Typed> {
        // Postgres nests no constant deeper; a file edited by hand may.
        if depth > 16 {
            return None;
        }
        let mut typed = if self.skip("(") {
            let inner = self.typed(depth + 1)?;
            if !self.skip(")") {
                return None;
            }
            inner
        } else {
            Typed { constant: self.bare(depth)?, casts: Vec::new() }
        };
        while self.skip("::") {
            typed.casts.push(self.cast()?);
        }
        Some(typed)
    }

    fn bare(&mut self, depth: usize) -> Option<Constant> {
        self.rest = self.rest.trim_start();
        if self.word("true") {
            return Some(Constant::Bool(true));
        }
        if self.word("false") {
            return Some(Constant::Bool(false));
        }
        if self.word("NULL") {
            return Some(Constant::Null);
        }
        if self.skip("ARRAY[") {
            let mut elements = Vec::new();
            if self.skip("]") {
                return Some(Constant::Array(elements));
            }
            loop {
                elements.push(self.typed(depth + 1)?);
                if self.skip("]") {
                    return Some(Constant::Array(elements));
                }
                if !self.skip(",") {
                    return None;
                }
            }
        }
        if self.rest.starts_with('\'') {
            return self.quoted('\'').map(Constant::Quoted);
        }
        let sign = usize::from(self.rest.starts_with('-'));
        let end = self.rest[sign..].find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, rest) = self.rest.split_at(end.map_or(self.rest.len(), |end| end + sign));
        is_number(number).then(|| {
            self.rest = rest;
            Constant::Number(number.to_owned())
        })
    }

    /// A text in quotes; `E'…'` is never printed while `standard_conforming_strings` is on.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        let mut rest = self.rest.strip_prefix(quote)?;
        loop {
            let (before, after) = rest.split_once(quote)?;
            text.push_str(before);
            match after.strip_prefix(quote) {
                Some(more) => {
                    text.push(quote);
                    rest = more;
                }
                None => {
                    self.rest = after;
                    return Some(text);
                }
            }
        }
    }

    fn identifier(&mut self) -> Option<String> {
        if self.rest.starts_with('"') {
            return self.quoted('"');
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if name.is_empty() {
            return None;
        }
        self.rest = rest;
        Some(name.to_owned())
    }

    fn cast(&mut self) -> Option<Cast> {
        let (schema, name) = self.type_name()?;
        let mut cast = Cast { schema, name, array: false, modifier: false };
        if self.rest.starts_with('(') {
            let (_, rest) = self.rest.split_once(')')?;
            self.rest = rest;
            cast.modifier = true;
        }
        for words in [" with time zone", " without time zone"] {
            if let Some(rest) = self.rest.strip_prefix(words) {
                self.rest = rest;
            }
        }
        while let Some(rest) = self.rest.strip_prefix("[]") {
            self.rest = rest;
            cast.array = true;
        }
        Some(cast)
    }

    /// The catalog name of a type as `format_type` prints it with an empty search path.
    fn type_name(&mut self) -> Option<(String, String)> {
        const WORDS: &[(&str, &str)] = &[
            ("character varying", "varchar"),
            ("bit varying", "varbit"),
            ("double precision", "float8"),
            ("integer", "int4"),
            ("smallint", "int2"),
            ("bigint", "int8"),
            ("real", "float4"),
            ("boolean", "bool"),
            ("character", "bpchar"),
        ];
        self.rest = self.rest.trim_start();
        for (words, name) in WORDS {
            if self.word(words) {
                return Some(("pg_catalog".to_owned(), (*name).to_owned()));
            }
        }
        for word in ["timestamp", "time"] {
            if self.word(word) {
                // A precision may stand between.
                let after = self.rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
                let zone = after.map_or(self.rest, |(_, rest)| rest).starts_with(" with time zone");
                let name = format!("{word}{}", if zone { "tz" } else { "" });
                return Some(("pg_catalog".to_owned(), name));
            }
        }
        let first = self.identifier()?;
        match self.rest.strip_prefix('.') {
            Some(rest) => {
                self.rest = rest;
                Some((first, self.identifier()?))
            }
            None => Some(("pg_catalog".to_owned(), first)),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

/// The column that a constant is for.
struct Target<'a> {
    ty: &'a TypeRef,
    facts: &'a Facts,
}

impl Target<'_> {
    fn value(&self, typed: &Typed, column: &ColumnType) -> Option<Literal> {
        match (&typed.constant, column) {
            (Constant::Bool(value), ColumnType::Scalar(Scalar::Bool)) => {
                self.cast_to_own(typed).then_some(Literal::Integer(i64::from(*value)))
            }
            (Constant::Number(text), ColumnType::Scalar(scalar)) => {
                let plain = typed.casts.iter().all(numeric_cast);
                if plain { self.number(text, *scalar, &typed.casts) } else { None }
            }
            (Constant::Quoted(text), ColumnType::Array(element)) => {
                let known = self.cast_to_own(typed) && (text == "{}" || self.elements_as_they_are());
                known.then(|| array_text(text, element)).flatten().map(Literal::Text)
            }
            (Constant::Array(elements), ColumnType::Array(element)) => {
                let known = self.cast_to_own(typed) && (elements.is_empty() || self.elements_as_they_are());
                let elements: Option<Vec<_>> = elements.iter().map(array_element).collect();
                known.then(|| array_json(&elements?, element)).flatten().map(Literal::Text)
            }
            (Constant::Quoted(text), ColumnType::Scalar(scalar)) => self.quoted(text, *scalar, typed),
            (Constant::Quoted(text), ColumnType::Enum(name)) => {
                let found =
                    self.facts.enums.iter().find(|ty| ty.schema == name.schema && ty.name == name.name);
                let known = found.is_some_and(|found| found.labels.contains(text));
                (known && self.cast_to_own(typed)).then(|| Literal::Text(text.clone()))
            }
            // What Postgres prints of a constant is what it would print of the value, but for a modifier; and for the
            // declaration of a document, which the output function leaves out.
            (Constant::Quoted(_), ColumnType::Text(name)) if name.name == "xml" => None,
            (Constant::Quoted(text), ColumnType::Text(_)) => {
                let (base, array) = base(self.ty, self.facts);
                let length = text.chars().count();
                let fits = match (base.name.as_str(), base.length) {
                    ("bit", Some(bits)) => length == usize::try_from(bits).ok()?,
                    ("varbit", Some(bits)) => length <= usize::try_from(bits).ok()?,
                    _ => base.modifier.is_none() && base.precision.is_none() && base.length.is_none(),
                };
                (fits && !array && self.cast_to_own(typed)).then(|| Literal::Text(text.clone()))
            }
            _ => None,
        }
    }

    /// Whether the only casts are to the column's own type or to a domain it goes through.
    fn cast_to_own(&self, typed: &Typed) -> bool {
        let (base, array) = base(self.ty, self.facts);
        let names = domains(self.ty, self.facts);
        typed.casts.iter().all(|cast| {
            let own = cast.schema == base.schema && cast.name == base.name && cast.array == array;
            let domain =
                || names.iter().any(|ty| ty.schema == cast.schema && ty.name == cast.name && !cast.array);
            !cast.modifier && (own || domain())
        })
    }

    /// Whether no declared length changes the elements of an array.
    fn elements_as_they_are(&self) -> bool {
        let (base, _) = base(self.ty, self.facts);
        base.length.is_none() && !matches!(base.name.as_str(), "bpchar" | "name")
    }

    fn number(&self, text: &str, scalar: Scalar, casts: &[Cast]) -> Option<Literal> {
        // `0.1` as a real is another number than as a double.
        let single = casts.iter().any(|cast| cast.name == "float4");
        let whole = text.split_once('.').map_or(Some(text), |(whole, fraction)| {
            fraction.bytes().all(|digit| digit == b'0').then_some(whole)
        });
        match scalar {
            Scalar::Int2 => Some(Literal::Integer(whole?.parse::<i16>().ok()?.into())),
            Scalar::Int4 => Some(Literal::Integer(whole?.parse::<i32>().ok()?.into())),
            Scalar::Int8 => Some(Literal::Integer(whole?.parse().ok()?)),
            Scalar::Oid => Some(Literal::Integer(whole?.parse::<u32>().ok()?.into())),
            // How many digits come after the point is the server's locale's; none do in nothing.
            Scalar::Money if whole?.parse::<i64>().ok()? == 0 => Some(Literal::Integer(0)),
            Scalar::Float4 | Scalar::Float8 => {
                let single = single || scalar == Scalar::Float4;
                let value = if single { f64::from(text.parse::<f32>().ok()?) } else { text.parse().ok()? };
                // SQLite reads the literal -0.0 as 0.0.
                (value.is_finite() && !(value == 0.0 && value.is_sign_negative()))
                    .then_some(Literal::Real(value))
            }
            Scalar::Numeric if !casts.iter().any(|cast| cast.name.starts_with("float")) => {
                self.numeric(text).map(Literal::Text)
            }
            _ => None,
        }
    }

    /// As Postgres prints it once the column's precision and scale are applied.
    fn numeric(&self, text: &str) -> Option<String> {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = whole.trim_start_matches('0');
        let mut fraction = fraction.to_owned();
        let (base, _) = base(self.ty, self.facts);
        if let Some(precision) = base.precision {
            let scale = usize::try_from(base.scale.unwrap_or(0)).ok()?;
            if fraction.len() > scale || whole.len() + scale > usize::try_from(precision).ok()? {
                return None;
            }
            fraction.extend(std::iter::repeat_n('0', scale - fraction.len()));
        }
        let zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
        let sign = if zero { "" } else { sign };
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        Some(format!("{sign}{whole}{point}{fraction}"))
    }

    fn quoted(&self, text: &str, scalar: Scalar, typed: &Typed) -> Option<Literal> {
        // A negative or large number is printed in quotes.
        if is_number(text) && !typed.casts.is_empty() && typed.casts.iter().all(numeric_cast) {
            return self.number(text, scalar, &typed.casts);
        }
        if scalar == Scalar::Text {
            return self.text(text, &typed.casts).map(Literal::Text);
        }
        if !self.cast_to_own(typed) {
            return None;
        }
        let digits = self.fraction_digits();
        match scalar {
            Scalar::Bool => match text {
                "t" | "true" => Some(Literal::Integer(1)),
                "f" | "false" => Some(Literal::Integer(0)),
                _ => None,
            },
            Scalar::Json | Scalar::Jsonb => Some(Literal::Text(text.to_owned())),
            Scalar::Uuid => uuid(text).map(|bytes| Literal::Blob(bytes.to_vec())),
            Scalar::UuidText => uuid(text).map(|_| Literal::Text(text.to_ascii_lowercase())),
            Scalar::Bytea => hex(text.strip_prefix("\\x")?).map(Literal::Blob),
            Scalar::Date => is_date(text).then(|| Literal::Text(text.to_owned())),
            Scalar::Time => time(text, digits).map(Literal::Text),
            Scalar::Timestamp => timestamp(text, digits).map(Literal::Text),
            Scalar::Timestamptz => {
                let moment = timestamp(text.strip_suffix("+00")?, digits)?;
                Some(Literal::Text(format!("{moment}+00:00")))
            }
            _ => None,
        }
    }

    /// How many digits of a second the column keeps.
    fn fraction_digits(&self) -> usize {
        let (base, _) = base(self.ty, self.facts);
        base.precision.and_then(|digits| usize::try_from(digits).ok()).unwrap_or(6)
    }

    fn text(&self, text: &str, casts: &[Cast]) -> Option<String> {
        let (base, _) = base(self.ty, self.facts);
        let names = domains(self.ty, self.facts);
        let known = casts.iter().all(|cast| {
            let character = cast.schema == "pg_catalog"
                && matches!(cast.name.as_str(), "text" | "varchar" | "bpchar" | "name");
            let domain = || names.iter().any(|ty| ty.schema == cast.schema && ty.name == cast.name);
            !cast.array && !cast.modifier && (character || domain())
        });
        // On the way from one character type to another, blanks and what is beyond the 63rd byte get lost.
        let changed =
            text.ends_with(' ') && (base.name == "bpchar") != casts.iter().any(|c| c.name == "bpchar");
        let cut = text.len() > 63 && (base.name == "name" || casts.iter().any(|cast| cast.name == "name"));
        if !known || changed || cut {
            return None;
        }
        let length = text.chars().count();
        match base.length.map(usize::try_from) {
            None => Some(text.to_owned()),
            Some(Ok(most)) if length <= most && base.name == "bpchar" => Some(format!("{text:most$}")),
            Some(Ok(most)) if length <= most => Some(text.to_owned()),
            Some(_) => None,
        }
    }
}

fn numeric_cast(cast: &Cast) -> bool {
    cast.schema == "pg_catalog"
        && !cast.array
        && !cast.modifier
        && matches!(cast.name.as_str(), "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid")
}

/// `2024-01-01`, and a day that there is.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    shape
        && number(0, 4).is_some_and(|year| year > 0)
        && number(5, 7).is_some_and(|month| (1..=12).contains(&month))
        && number(8, 10).is_some_and(|day| (1..=31).contains(&day))
}

/// `23:59:59.000000` of `23:59:59`.
fn time(text: &str, digits: usize) -> Option<String> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let bytes = clock.as_bytes();
    let shape = bytes.len() == 8
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            2 | 5 => *byte == b':',
            _ => byte.is_ascii_digit(),
        });
    let fits = fraction.len() <= digits.min(6) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    (shape && clock < "24" && fits).then(|| format!("{clock}.{fraction:0<6}"))
}

/// `2024-01-01 00:00:00.000000` of `2024-01-01 00:00:00`.
fn timestamp(text: &str, digits: usize) -> Option<String> {
    let (date, clock) = text.split_once(' ')?;
    let clock = time(clock, digits)?;
    is_date(date).then(|| format!("{date} {clock}"))
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let dashes = [8, 13, 18, 23];
    let bytes = text.as_bytes();
    if bytes.len() != 36 || dashes.iter().any(|at| bytes.get(*at) != Some(&b'-')) {
        return None;
    }
    hex(&text.replace('-', ""))?.try_into().ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]).collect())
}

/// An element of `ARRAY[…]`; `None` inside: null.
fn array_element(typed: &Typed) -> Option<Option<String>> {
    let character = |cast: &Cast| matches!(cast.name.as_str(), "text" | "varchar");
    match &typed.constant {
        Constant::Null => Some(None),
        Constant::Number(text) if typed.casts.is_empty() => Some(Some(text.clone())),
        Constant::Quoted(text) if typed.casts.len() == 1 => {
            let cast = &typed.casts[0];
            let number = is_number(text) && numeric_cast(cast);
            let user = cast.schema != "pg_catalog";
            (!cast.array && !cast.modifier && (number || user || character(cast))).then(|| Some(text.clone()))
        }
        _ => None,
    }
}

/// The JSON of an array of this element type; only elements whose form in JSON is beyond doubt.
fn array_json(elements: &[Option<String>], element: &ColumnType) -> Option<String> {
    let parts: Option<Vec<String>> = elements
        .iter()
        .map(|value| match (value, element) {
            (None, _) => Some("null".to_owned()),
            (Some(text), ColumnType::Scalar(Scalar::Int2)) => text.parse::<i16>().ok().map(|n| n.to_string()),
            (Some(text), ColumnType::Scalar(Scalar::Int4)) => text.parse::<i32>().ok().map(|n| n.to_string()),
            (Some(text), ColumnType::Scalar(Scalar::Int8)) => text.parse::<i64>().ok().map(|n| n.to_string()),
            (Some(text), ColumnType::Scalar(Scalar::Text) | ColumnType::Enum(_)) => {
                Some(serde_json::Value::from(text.as_str()).to_string())
            }
            _ => None,
        })
        .collect();
    Some(format!("[{}]", parts?.join(",")))
}

/// The JSON of an array that Postgres prints as `{a,"b c",NULL}`; one dimension.
fn array_text(text: &str, element: &ColumnType) -> Option<String> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    if inner.is_empty() {
        return Some("[]".to_owned());
    }
    let mut elements = Vec::new();
    let mut chars = inner.chars().peekable();
    loop {
        let mut value = String::new();
        if chars.peek() == Some(&'"') {
            chars.next();
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => value.push(chars.next()?),
                    c => value.push(c),
                }
            }
            elements.push(Some(value));
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                if matches!(c, '{' | '}' | '"' | '\\') {
                    return None;
                }
                value.push(c);
            }
            elements.push((value != "NULL").then_some(value));
        }
        match chars.next() {
            None => return array_json(&elements, element),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}
