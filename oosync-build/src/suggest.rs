//! The nearest name, for "did you mean".

/// The candidate nearest to `word`, if one is near enough to be a likely slip of the keyboard.
///
/// Case, `-` and `_` do not count as a difference; otherwise up to a third of the letters (at least one) may
/// differ, a swap of neighbours counting once.
///
/// ```
/// # use oosync_build::suggest::nearest;
/// assert_eq!(nearest("onwer_id", ["owner_id", "id"]), Some("owner_id"));
/// assert_eq!(nearest("price", ["owner_id", "id"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let limit = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean `x`?`, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|name| format!("did you mean `{name}`?"))
}

fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}
