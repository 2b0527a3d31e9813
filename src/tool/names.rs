//! Names of tools: exact ones, and patterns in which `*` stands for any characters.

/// Whether a name, or a pattern with `*`, takes the tool.
pub(super) fn takes(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match name.split_once(part) {
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    name.ends_with(tail)
}

/// What counts between two that take the same tool: an exact name, then the longer pattern.
pub(super) fn weight(pattern: &str) -> usize {
    if pattern.contains('*') { pattern.replace('*', "").len() } else { usize::MAX }
}

/// Whether two names could take the same tool with nothing to choose between them.
pub(super) fn clash(left: &str, right: &str) -> Option<(String, &'static str)> {
    if left == right {
        return Some((format!("the tool `{left}` stands twice"), "take one of them out"));
    }
    let patterns = left.contains('*') && right.contains('*');
    let (left_bytes, right_bytes) = (left.as_bytes(), right.as_bytes());
    (patterns && weight(left) == weight(right) && overlap(left_bytes, right_bytes)).then(|| {
        (
            format!(
                "the patterns `{left}` and `{right}` take the same tools, and neither is longer"
            ),
            "make one of them longer",
        )
    })
}

/// Whether there is a text that both patterns take: walks both at once, row by row.
fn overlap(left: &[u8], right: &[u8]) -> bool {
    // row[j] says whether the rest of `left` from here and `right[j..]` have a text in common.
    let is_star = |byte: &u8| *byte == b'*';
    let mut below: Vec<bool> = (0..=right.len())
        .map(|from| right.get(from..).is_some_and(|rest| rest.iter().all(is_star)))
        .collect();
    for byte in left.iter().rev() {
        let mut row = vec![is_star(byte) && below.last() == Some(&true)];
        for (index, other) in right.iter().enumerate().rev() {
            let (down, diagonal) = (below.get(index), below.get(index + 1));
            let beside = row.last() == Some(&true);
            let common = if is_star(byte) || is_star(other) {
                // A star takes nothing, or one more character of the other side.
                down == Some(&true) || beside
            } else {
                byte == other && diagonal == Some(&true)
            };
            row.push(common);
        }
        row.reverse();
        below = row;
    }
    below.first() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_what_its_star_stands_for() {
        let rows = [
            ("billing.*", "billing.refund", true),
            ("billing.*", "billing.", true),
            ("billing.*", "billing", false),
            ("*.get", "orders.get", true),
            ("*.get", "orders.getter", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("aa*aa", "aaa", false),
            ("a*a*a", "aa", false),
            ("billing.refund", "billing.refund", true),
            ("billing.refund", "billing.refunds", false),
        ];
        for (pattern, name, expected) in rows {
            assert_eq!(takes(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn two_patterns_overlap_where_a_text_fits_both() {
        let rows = [
            ("a*", "*a", true),
            ("a.*", "b.*", false),
            ("*.get", "a.*", true),
            ("*.get", "*.set", false),
            ("a*b", "ab*", true),
            ("a*c", "ab*", true),
            ("x*", "*", true),
            ("ab*", "b*a", false),
        ];
        for (left, right, expected) in rows {
            assert_eq!(overlap(left.as_bytes(), right.as_bytes()), expected, "{left} {right}");
            assert_eq!(overlap(right.as_bytes(), left.as_bytes()), expected, "{right} {left}");
        }
    }
}
