//! Path templates, such as `/groups/{group-id}`, matched against the segments of a request.

/// Returns the parameters of a path that matches `template`, and the number of its literal segments.
pub(super) fn parameters<'a>(template: &str, segments: &'a [String]) -> Option<(Vec<&'a str>, usize)> {
    let mut parameters = Vec::new();
    let mut words = 0;
    let mut template = template.split('/').skip(1);
    for segment in segments {
        match template.next()? {
            word if word.starts_with('{') => parameters.push(segment.as_str()),
            word if word.eq_ignore_ascii_case(segment) => words += 1,
            _ => return None,
        }
    }
    template.next().is_none().then_some((parameters, words))
}

/// Returns `true` if a path is the start of one that matches `template`.
pub(super) fn starts_with(template: &str, segments: &[String]) -> bool {
    let mut template = template.split('/').skip(1);
    segments.iter().all(|segment| {
        template.next().is_some_and(|word| word.starts_with('{') || word.eq_ignore_ascii_case(segment))
    })
}
