//! Compares a draft with what was released, as a reader sees them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::metrics::{DraftUse, edit_distance};

/// What became of a draft, in normal form NFC, without white space around it, by graphemes.
pub(super) fn draft_use(draft: &str, released: Option<&str>) -> DraftUse {
    let Some(released) = released else { return DraftUse { same: false, distance: 1.0 } };
    let (draft, released) = (normal(draft), normal(released));
    if draft == released {
        return DraftUse { same: true, distance: 0.0 };
    }
    let draft: Vec<&str> = draft.graphemes(true).collect();
    let released: Vec<&str> = released.graphemes(true).collect();
    DraftUse { same: false, distance: edit_distance(&draft, &released) }
}

fn normal(text: &str) -> String {
    text.trim().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_as_readers_see_them() {
        let rows = [
            ("Yes.", Some("Yes."), true, 0.0),
            ("  Yes.\n", Some("Yes."), true, 0.0),
            // One letter with an accent, written as one scalar value and as two.
            ("caf\u{e9}", Some("cafe\u{301}"), true, 0.0),
            // A family of five scalar values is one character.
            ("ok \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F466}", Some("ok!"), false, 2.0 / 4.0),
            ("abcd", Some("abxd"), false, 0.25),
            ("abcd", None, false, 1.0),
        ];
        for (draft, released, same, distance) in rows {
            let found = draft_use(draft, released);
            assert_eq!(found.same, same, "{draft:?} {released:?}");
            assert!((found.distance - distance).abs() < 1e-12, "{draft:?}: {}", found.distance);
        }
    }
}
