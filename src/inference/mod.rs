//! What a tool call can do where no entry of the policy says it: rules over the words of its name,
//! description and arguments, over hints, and over what the arguments contain.
//!
//! Everything here raises. Words can be chosen by whoever wrote the tool, so a description that calls
//! itself safe, or a hint that says `read_only`, is listed and believed by nobody. A small model puts
//! tools in an order; no gate stands on it.

mod content;
mod features;
mod info;
mod lexicon;
mod model;
mod rules;
mod sheet;
mod statement;
mod words;

use serde::Serialize;

pub use features::{BUCKETS, Feature};
#[cfg(feature = "compile")]
pub(crate) use info::of_schema;
pub use info::{ArgumentInfo, ToolHints, ToolInfo};
pub use model::{ImpactModel, Likelihoods, Weights};

use crate::impact::{Effect, Reversibility};
use crate::inference::content::{Content, What};
use crate::inference::features::features;
use crate::inference::lexicon::Kinds;
use crate::inference::rules::{Place, Reading};
use crate::inference::sheet::Sheet;
use crate::inference::statement::Class;
use crate::json::Json;
use crate::map::BTreeMap;
use crate::money::Money;
use crate::read::excerpt;
use crate::request::{Action, RiskLevel};
use crate::word::words;

/// Things that one action lists as seen.
const SIGHTINGS_MAX: usize = 32;
/// Every tool that the rules take for one that changes something has this score at least: the score
/// from which on a gate without other knowledge should ask.
pub const HIGH_SCORE_MIN_OF_CHANGES: f64 = 0.2;

words! {
    /// Where something was seen.
    pub enum SightingSource {
        /// In the tool's name.
        Name = "name",
        /// In its description.
        Description = "description",
        /// In the name of an argument.
        Argument = "argument",
        /// In what an argument contains.
        Value = "value",
        /// In its server's hints.
        Hint = "hint",
        /// In the letters themselves.
        Letters = "letters",
    }
}

/// One thing that was seen of an action, and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sighting {
    /// Where.
    pub source: SightingSource,
    /// The word, or the beginning of the text.
    pub saw: String,
    /// What it was taken for, in words.
    pub says: String,
    /// JSON Pointer into the action, where it stands in its arguments.
    pub path: Option<String>,
}

/// What is made of an action by looking at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// What it may change.
    pub effects: Vec<Effect>,
    /// How far that may be undone, at most.
    pub reversibility: Reversibility,
    /// What may be at stake.
    pub tier: RiskLevel,
    /// Everything that raised it, and what was heard and not believed.
    pub seen: Vec<Sighting>,
    /// What could not be seen.
    pub unseen: Vec<String>,
    /// Amounts in the arguments with their JSON Pointers; `None` for one that cannot be read.
    pub amounts: Vec<(String, Option<Money>)>,
    /// Whether the rules take it for something that only looks.
    pub reads: bool,
    /// Whether the name of the tool, or of an argument, or the arguments say that money moves.
    pub moves_money: bool,
    /// Whether the name of the tool says that rights change.
    pub name_changes_rights: bool,
    /// What the model sees.
    pub features: Vec<Feature>,
}

/// What is made of an action whose tool nobody described in the policy.
#[must_use]
pub fn infer(action: &Action) -> Inference {
    let info = action.tool_info.as_ref();
    let declared = info.into_iter().flat_map(|info| &info.arguments).map(|argument| {
        (argument.name.as_str(), argument.argument_type.as_deref().unwrap_or_default())
    });
    let named = |name: &&String| {
        !info.is_some_and(|info| info.arguments.iter().any(|argument| argument.name == **name))
    };
    let given = action.arguments.keys().filter(named).map(|name| (name.as_str(), ""));
    let sheet = Sheet::of(&action.tool, info, declared.chain(given));
    let reading = Reading::of(&sheet);
    let mut inference = Inference::nothing();
    inference.features = features(&sheet, &reading);
    inference.reads = !reading.changes();
    inference.read_marks(&sheet, &reading);
    inference.read_letters(&sheet);
    let changes = reading.may_change();
    inference.read_content(&action.arguments, changes);
    inference.hear(info.map(|info| info.hints).unwrap_or_default(), changes);
    inference.tell_unseen(info);
    inference.effects = Effect::each_once(&inference.effects);
    inference
}

/// What speaks against the entry of a tool that the policy describes as one that only looks.
#[must_use]
pub fn contradictions(action: &Action) -> Inference {
    let mut inference = Inference::nothing();
    for found in Content::of(&action.arguments).found {
        if let What::Statement(class) = found.what
            && class > Class::Reads
        {
            inference.statement(class, &found.saw, &found.path);
        }
    }
    let hints = action.tool_info.as_ref().map(|info| info.hints).unwrap_or_default();
    if hints.read_only == Some(false)
        || (hints.destructive == Some(true) && hints.read_only != Some(true))
    {
        inference.hear(hints, false);
    }
    inference
}

impl Inference {
    const fn nothing() -> Self {
        Self {
            effects: Vec::new(),
            reversibility: Reversibility::ReadOnly,
            tier: RiskLevel::Low,
            seen: Vec::new(),
            unseen: Vec::new(),
            amounts: Vec::new(),
            reads: true,
            moves_money: false,
            name_changes_rights: false,
            features: Vec::new(),
        }
    }

    fn see(&mut self, source: SightingSource, saw: &str, says: &str, path: Option<&str>) {
        let sighting = Sighting {
            source,
            saw: excerpt(saw),
            says: says.to_owned(),
            path: path.map(str::to_owned),
        };
        if self.seen.len() < SIGHTINGS_MAX && !self.seen.contains(&sighting) {
            self.seen.push(sighting);
        }
    }

    fn raise(&mut self, effect: Option<Effect>, reversibility: Reversibility, tier: RiskLevel) {
        self.effects.extend(effect);
        self.reversibility = self.reversibility.max(reversibility);
        self.tier = self.tier.max(tier);
    }

    fn read_marks(&mut self, sheet: &Sheet, reading: &Reading) {
        if reading.may_change() {
            let word = reading.name_changes.and_then(|place| sheet.name.get(place));
            match word {
                Some(word) => self.see(SightingSource::Name, &word.text, "changes something", None),
                None if reading.description_insists => {
                    let word =
                        sheet.description_verb.and_then(|place| sheet.description.get(place));
                    let word = word.map(|word| word.text.as_str()).unwrap_or_default();
                    self.see(SightingSource::Description, word, "changes something", None);
                }
                None => self.unseen.push("no word of its name says that it only looks".to_owned()),
            }
            self.raise(None, Reversibility::Reversible, RiskLevel::Medium);
        }
        for mark in &reading.marks {
            let (source, saw) = match mark.at {
                Place::Name => {
                    (SightingSource::Name, sheet.name.get(mark.index).map(|word| word.text.clone()))
                }
                Place::Description => (
                    SightingSource::Description,
                    sheet.description.get(mark.index).map(|word| word.text.clone()),
                ),
                Place::Argument => {
                    let words = sheet.arguments.get(mark.index).map(|(words, _)| words.as_slice());
                    let words = words.unwrap_or_default().iter().map(|word| word.text.as_str());
                    (SightingSource::Argument, Some(words.collect::<Vec<_>>().join("_")))
                }
            };
            let (effect, reversibility, says) = meaning(mark.kind);
            self.moves_money |= effect == Effect::Money
                && (mark.at != Place::Description || mark.kind.has(Kinds::PAY));
            self.name_changes_rights |= effect == Effect::Permissions && mark.at == Place::Name;
            self.see(source, &saw.unwrap_or_default(), says, None);
            self.raise(Some(effect), reversibility, RiskLevel::High);
        }
    }

    fn read_letters(&mut self, sheet: &Sheet) {
        let odd = [
            (sheet.has_hidden, "characters that a reader does not see"),
            (sheet.has_lookalikes, "letters of another script that look Latin"),
        ];
        for (_, what) in odd.iter().filter(|(holds, _)| *holds) {
            self.see(SightingSource::Letters, what, "may hide what it is", None);
            self.raise(None, Reversibility::ReadOnly, RiskLevel::High);
        }
        if sheet.has_other_script {
            self.unseen.push("words in a script that is not read".to_owned());
        }
        if sheet.is_cut {
            self.unseen.push("the end of a long text".to_owned());
            self.raise(None, Reversibility::ReadOnly, RiskLevel::High);
        }
    }

    fn read_content(&mut self, arguments: &BTreeMap<String, Json>, changes: bool) {
        let content = Content::of(arguments);
        if content.is_cut {
            self.unseen.push("the rest of many arguments".to_owned());
            self.raise(None, Reversibility::ReadOnly, RiskLevel::High);
        }
        for found in content.found {
            let path = format!("/arguments{}", found.path);
            let effect = found.what.effect();
            match found.what {
                What::Amount(money) => {
                    let says = if money.is_some() {
                        "an amount of money"
                    } else {
                        "an amount that cannot be read"
                    };
                    self.see(SightingSource::Value, &found.saw, says, Some(&path));
                    if changes {
                        self.amounts.push((found.path, money));
                        self.moves_money = true;
                        self.raise(effect, Reversibility::ExternallyReversible, RiskLevel::High);
                    }
                }
                What::Statement(class) => self.statement(class, &found.saw, &found.path),
                What::Verb(kinds) => {
                    for (kind, _) in Kinds::NAMES.iter().filter(|(kind, _)| kind.has(kinds)) {
                        if kind.has(
                            Kinds::DESTROY.with(Kinds::PAY).with(Kinds::GRANT).with(Kinds::OPEN),
                        ) {
                            let (effect, reversibility, says) = meaning(*kind);
                            self.see(SightingSource::Value, &found.saw, says, Some(&path));
                            self.raise(Some(effect), reversibility, RiskLevel::High);
                        }
                    }
                }
                What::Recipient | What::Address => {
                    let says = if found.what == What::Recipient {
                        "somebody who is told"
                    } else {
                        "an address outside"
                    };
                    self.see(SightingSource::Value, &found.saw, says, Some(&path));
                    if changes {
                        self.raise(effect, Reversibility::ExternallyReversible, RiskLevel::High);
                    }
                }
                What::TrialRun => {
                    self.see(
                        SightingSource::Value,
                        &found.saw,
                        "asks for a trial run; not believed",
                        Some(&path),
                    );
                    self.unseen.push(format!("whether the tool honours `{}`", found.saw));
                }
            }
        }
    }

    fn statement(&mut self, class: Class, word: &str, path: &str) {
        let path = format!("/arguments{path}");
        let says = format!("a statement that {}", class.says());
        self.see(SightingSource::Value, word, &says, Some(&path));
        let (reversibility, tier) = match class {
            Class::Reads => (Reversibility::ReadOnly, RiskLevel::Low),
            Class::Destroys => (Reversibility::Irreversible, RiskLevel::Critical),
            _ => (Reversibility::ExternallyReversible, RiskLevel::High),
        };
        self.raise(class.effect(), reversibility, tier);
    }

    /// Hints are heard where they warn, and listed where they calm.
    fn hear(&mut self, hints: ToolHints, changes: bool) {
        let hint = SightingSource::Hint;
        match hints.read_only {
            Some(false) => {
                self.see(hint, "read_only: false", "changes something", None);
                self.raise(None, Reversibility::Reversible, RiskLevel::Medium);
            }
            Some(true) => {
                self.see(hint, "read_only: true", "says that it only looks; not believed", None);
            }
            None => {}
        }
        match hints.destructive {
            Some(true) => {
                self.see(hint, "destructive: true", "destroys", None);
                self.raise(Some(Effect::Data), Reversibility::Irreversible, RiskLevel::High);
            }
            Some(false) => self.see(
                hint,
                "destructive: false",
                "says that it destroys nothing; not believed",
                None,
            ),
            None => {}
        }
        if hints.open_world == Some(true) {
            self.see(hint, "open_world: true", "reaches outside", None);
            if changes || hints.read_only == Some(false) {
                self.raise(
                    Some(Effect::ExternalState),
                    Reversibility::ExternallyReversible,
                    RiskLevel::High,
                );
            }
        }
    }

    fn tell_unseen(&mut self, info: Option<&ToolInfo>) {
        let missing = [
            (info.is_none_or(|info| info.description.is_none()), "no description was given"),
            (info.is_none_or(|info| info.hints == ToolHints::default()), "no hints were given"),
        ];
        let told = missing.iter().filter(|(holds, _)| *holds).map(|(_, what)| (*what).to_owned());
        self.unseen.extend(told);
        crate::read::sort_once(&mut self.unseen);
    }
}

/// What a kind of word means.
const fn meaning(kind: Kinds) -> (Effect, Reversibility, &'static str) {
    if kind.has(Kinds::DESTROY) {
        (Effect::Data, Reversibility::Irreversible, "removes or replaces what was there")
    } else if kind.has(Kinds::PAY.with(Kinds::MONEY)) {
        (Effect::Money, Reversibility::ExternallyReversible, "about money")
    } else if kind.has(Kinds::GRANT.with(Kinds::RIGHTS)) {
        (Effect::Permissions, Reversibility::ExternallyReversible, "about rights")
    } else if kind.has(Kinds::RUN) {
        (Effect::ExternalState, Reversibility::Irreversible, "runs what it is given")
    } else {
        (Effect::Communication, Reversibility::Irreversible, "others see it")
    }
}
