//! Reviewers: agreement by a published table, and a truth that votes do not find.

use countersign::host::confidence::chance::Chance;
use countersign::host::confidence::reviewers::{Judgement, agreement, consensus};

#[test]
fn agreement_is_that_of_the_published_example() {
    // Two observers, ten units, binary: Krippendorff's own example, alpha 0.095.
    let first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0];
    let second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
    let judge = |reviewer: usize, words: [u8; 10]| {
        let judgement = move |(item, word)| Judgement { item, reviewer, right: word == 1 };
        words.into_iter().enumerate().map(judgement)
    };
    let judgements: Vec<Judgement> = judge(0, first).chain(judge(1, second)).collect();
    let alpha = agreement(10, &judgements).unwrap();
    assert!((alpha - 0.095).abs() < 5e-4, "{alpha}");
    let same: Vec<Judgement> = judge(0, first).chain(judge(1, first)).collect();
    assert!((agreement(10, &same).unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(agreement(10, &judgements[..10]), None, "one reviewer cannot disagree");
}

#[test]
fn reviewers_who_share_a_leaning_are_seen_through() {
    // Two careful reviewers, three who wave nearly everything through: a vote follows the three.
    let mut chance = Chance::new(9);
    let (mut judgements, mut truth) = (Vec::new(), Vec::new());
    for item in 0..800 {
        let right = chance.share() < 0.5;
        truth.push(right);
        for reviewer in 0..5 {
            let (sees_right, sees_wrong) = if reviewer < 2 { (0.9, 0.9) } else { (0.95, 0.3) };
            let seen = chance.share() < if right { sees_right } else { sees_wrong };
            judgements.push(Judgement { item, reviewer, right: seen == right });
        }
    }
    let found = consensus(800, 5, &judgements);
    let accuracy = |says: &dyn Fn(usize) -> bool| {
        truth.iter().enumerate().filter(|(item, right)| says(*item) == **right).count()
    };
    let votes =
        |item: usize| judgements.iter().filter(|word| word.item == item && word.right).count() >= 3;
    let (by_vote, by_model) = (accuracy(&votes), accuracy(&|item| found.probabilities[item] > 0.5));
    assert!(by_model > by_vote + 100 && by_model > 680, "{by_model} against {by_vote}");
    assert!((found.reviewers[0].sees_wrong - 0.9).abs() < 0.07, "{:?}", found.reviewers);
    assert!((found.reviewers[3].sees_wrong - 0.3).abs() < 0.07, "{:?}", found.reviewers);
}

#[test]
fn an_item_that_nobody_judged_has_the_share_of_all() {
    let found = consensus(3, 1, &[Judgement { item: 0, reviewer: 0, right: true }]);
    assert_eq!(found.probabilities[1], found.share_right);
    assert!(found.probabilities[0] > found.probabilities[1]);
    assert!(consensus(0, 0, &[]).probabilities.is_empty());
}
