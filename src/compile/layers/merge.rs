//! A base and an overlay, put together as text: fields over fields, new items after the base's, new
//! queues before them; and where each value came from.

use std::collections::BTreeMap;

use super::read::{Head, fault};
use super::sections::{SECTIONS, Section, Shape, at, name_of};
use crate::error::Fault;
use crate::json::Json;
use crate::read;

/// What came of it: the document, and by its pointers, where a value stands in the two texts.
pub(super) struct Merged {
    pub(super) document: Json,
    /// What the overlay wrote.
    pub(super) written: Places,
    /// Items that the overlay changed a field of.
    pub(super) items: Places,
    /// The base's items that stand elsewhere now.
    pub(super) moved: Places,
}

type Places = BTreeMap<String, String>;
type Fields = BTreeMap<String, Json>;

struct Merge<'a> {
    head: &'a Head,
    written: Places,
    items: Places,
    moved: Places,
    faults: Vec<Fault>,
}

/// An item of a list, and the texts that it came from.
struct Entry {
    json: Json,
    base: Option<usize>,
    overlay: Option<usize>,
    changed: Vec<String>,
}

pub(super) fn merge(base: &Json, overlay: &Json, head: &Head) -> Result<Merged, Vec<Fault>> {
    let (Json::Object(base), Json::Object(said)) = (base, overlay) else {
        return Err(vec![fault("", "not a table", "write the overlay as TOML")]);
    };
    let (written, items, moved) = (Places::new(), Places::new(), Places::new());
    let mut merge = Merge { head, written, items, moved, faults: Vec::new() };
    merge.refuse_other_sections(said);
    let mut document = base.clone();
    for section in SECTIONS {
        merge.section(section, &mut document, at(overlay, section.pointer));
    }
    if let Some(Json::Object(policy)) = document.get_mut("policy") {
        policy.insert("id".to_owned(), Json::String(head.id.as_str().to_owned()));
        policy.insert("version".to_owned(), Json::String(head.version.clone()));
    }
    for name in ["id", "version"] {
        merge.written.insert(format!("/policy/{name}"), format!("/overlay/{name}"));
    }
    merge.written.insert("/overlay".to_owned(), "/overlay".to_owned());
    let Merge { written, items, moved, faults, .. } = merge;
    match faults.is_empty() {
        true => Ok(Merged { document: Json::Object(document), written, items, moved }),
        false => Err(faults),
    }
}

impl Merge<'_> {
    fn refuse_other_sections(&mut self, said: &Fields) {
        let tops = SECTIONS.iter().filter(|section| section.pointer.matches('/').count() == 1);
        let known: Vec<&str> = tops.map(|section| section.name).chain(["overlay"]).collect();
        self.refuse_fields("", said, &known, "section");
        if let Some(Json::Object(fields)) = said.get("confidence") {
            let known = ["model_version", "base", "fit", "signal", "tiers"];
            self.refuse_fields("/confidence", fields, &known, "field");
        }
    }

    fn refuse_fields(&mut self, pointer: &str, fields: &Fields, known: &[&str], what: &str) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let help = read::suggestion(name, known)
                .unwrap_or_else(|| format!("take it out; there are {}", read::quoted(known)));
            let detail = format!("an overlay has no {what} `{}` here", read::excerpt(name));
            self.faults.push(fault(format!("{pointer}/{}", escaped(name)), detail, help));
        }
    }

    fn section(&mut self, section: &Section, document: &mut Fields, said: Option<&Json>) {
        let is_list = matches!(section.shape, Shape::Items(_) | Shape::Tools | Shape::Ladder);
        match said {
            Some(Json::Array(said)) if is_list => self.list(section, document, said),
            None if is_list => self.list(section, document, &[]),
            None => {}
            Some(Json::Object(said)) if !is_list => {
                let empty = Json::Object(BTreeMap::new());
                let Some(Json::Object(fields)) = made_at(document, section.pointer, empty) else {
                    return;
                };
                self.table(section, fields, said);
            }
            Some(_) => {
                let detail = format!("`{}` is written otherwise", section.name);
                let help = "write the section as a policy has it";
                self.faults.push(fault(section.pointer, detail, help));
            }
        }
    }

    fn table(&mut self, section: &Section, fields: &mut Fields, said: &Fields) {
        let pointer = section.pointer;
        let Shape::Fields(known) = section.shape else {
            for (name, value) in said {
                self.entry(section, fields, name, value);
            }
            return;
        };
        if section.name != "confidence" {
            self.refuse_fields(pointer, said, known, "field");
        }
        self.items.insert(pointer.to_owned(), pointer.to_owned());
        for (name, value) in said.iter().filter(|(name, _)| known.contains(&name.as_str())) {
            let place = format!("{pointer}/{}", escaped(name));
            self.written.insert(place.clone(), place);
            fields.insert(name.clone(), value.clone());
        }
    }

    /// A text or a record by name; of a record, the fields that are said.
    fn entry(&mut self, section: &Section, fields: &mut Fields, name: &str, value: &Json) {
        let place = format!("{}/{}", section.pointer, escaped(name));
        let (Some(Json::Object(known)), Json::Object(said)) = (fields.get_mut(name), value) else {
            self.written.insert(place.clone(), place);
            fields.insert(name.to_owned(), value.clone());
            return;
        };
        self.items.insert(place.clone(), place.clone());
        // The threshold of a certified tier is the certificate's own.
        if section.name == "tier" {
            // Where answers are certified, a limited one is too, or there is none.
            let own: &[&str] = match () {
                () if said.contains_key("certified") => &["answer", "limited_answer"],
                () if said.contains_key("limited_certified") => &["limited_answer"],
                () => &[],
            };
            for name in own {
                known.remove(*name);
            }
        }
        for (field, value) in said {
            let place = format!("{place}/{}", escaped(field));
            self.written.insert(place.clone(), place);
            known.insert(field.clone(), value.clone());
        }
    }

    fn list(&mut self, section: &Section, document: &mut Fields, said: &[Json]) {
        let shape = section.shape;
        let out: Vec<&str> = self
            .head
            .without
            .iter()
            .filter(|(name, _)| *name == section.name)
            .map(|(_, item)| item.as_str())
            .collect();
        if said.is_empty() && out.is_empty() {
            return;
        }
        let Some(Json::Array(items)) = made_at(document, section.pointer, Json::Array(Vec::new()))
        else {
            return;
        };
        let domains: Vec<&str> = match shape {
            Shape::Ladder => said.iter().filter_map(|step| name_of(shape, step)).collect(),
            _ => Vec::new(),
        };
        let stays = |item: &Json| {
            name_of(shape, item).is_none_or(|name| !out.contains(&name) && !domains.contains(&name))
        };
        let kept = items.iter().enumerate().filter(|(_, item)| stays(item));
        let mut entries: Vec<Entry> = kept
            .map(|(index, item)| Entry {
                json: item.clone(),
                base: Some(index),
                overlay: None,
                changed: Vec::new(),
            })
            .collect();
        let mut new = Vec::new();
        for (index, item) in said.iter().enumerate() {
            match self.item(section, &mut entries, index, item) {
                Ok(None) => {}
                Ok(Some(entry)) => new.push(entry),
                Err(fault) => self.faults.push(fault),
            }
        }
        // What a tenant's own queue takes does not reach the base's.
        let first = if section.name == "queue" { 0 } else { entries.len() };
        entries.splice(first..first, new);
        *items = entries.iter().map(|entry| entry.json.clone()).collect();
        for (place, entry) in entries.iter().enumerate() {
            self.register(section.pointer, place, entry);
        }
    }

    /// Changes the item of that name, or gives a new one.
    fn item(
        &mut self,
        section: &Section,
        entries: &mut [Entry],
        index: usize,
        item: &Json,
    ) -> Result<Option<Entry>, Fault> {
        let from = format!("{}/{index}", section.pointer);
        let Json::Object(fields) = item else {
            return Err(fault(from, "not a table", "write fields"));
        };
        let new =
            Entry { json: item.clone(), base: None, overlay: Some(index), changed: Vec::new() };
        let name = name_of(section.shape, item).filter(|_| section.shape != Shape::Ladder);
        let Some(name) = name else { return Ok(Some(new)) };
        let known: Vec<String> = entries
            .iter()
            .filter_map(|entry| name_of(section.shape, &entry.json).map(str::to_owned))
            .collect();
        let Some(entry) =
            entries.iter_mut().find(|entry| name_of(section.shape, &entry.json) == Some(name))
        else {
            return match misspelt(section, name, fields, &known) {
                Some((detail, help)) => Err(fault(from, detail, help)),
                None => Ok(Some(new)),
            };
        };
        if entry.overlay.is_some() {
            let detail = format!("the overlay changes `{}` twice", read::excerpt(name));
            return Err(fault(from, detail, "write it once"));
        }
        entry.overlay = Some(index);
        let Json::Object(known) = &mut entry.json else { return Ok(None) };
        for (field, value) in fields {
            // A tool goes by its first name; all of its names stay.
            let is_reference =
                field == "names" && matches!(value, Json::Array(names) if names.len() == 1);
            if !is_reference {
                entry.changed.push(field.clone());
                known.insert(field.clone(), value.clone());
            }
        }
        Ok(None)
    }

    fn register(&mut self, pointer: &str, place: usize, entry: &Entry) {
        let to = format!("{pointer}/{place}");
        if let Some(index) = entry.base {
            self.moved.insert(to.clone(), format!("{pointer}/{index}"));
        }
        let Some(index) = entry.overlay else { return };
        let from = format!("{pointer}/{index}");
        for field in &entry.changed {
            let field = escaped(field);
            self.written.insert(format!("{to}/{field}"), format!("{from}/{field}"));
        }
        match entry.base {
            Some(_) => self.items.insert(to, from),
            None => self.written.insert(to, from),
        };
    }
}

/// A new item without what every new one needs: most often a name that is misspelt.
fn misspelt(
    section: &Section,
    name: &str,
    fields: &Fields,
    known: &[String],
) -> Option<(String, String)> {
    let needed = match section.name {
        "trigger" | "suppress" | "impact" => "when",
        "queue" => "accepts",
        "tool" => "reversibility",
        "calendar" => "hours",
        "signal" => "knots",
        "fact" => "type",
        _ => return None,
    };
    if fields.contains_key(needed) {
        return None;
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let help = read::suggestion(name, &known)
        .unwrap_or_else(|| format!("name one that the base has, or add `{needed}` and the rest"));
    Some((format!("the base has no {} `{}`", section.name, read::excerpt(name)), help))
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The value at a pointer, made where it is not there; `None` where something else lies around it.
fn made_at<'a>(document: &'a mut Fields, pointer: &str, empty: Json) -> Option<&'a mut Json> {
    let mut names: Vec<&str> = pointer.split('/').skip(1).collect();
    let last = names.pop()?;
    let mut fields = document;
    for name in names {
        let around = fields.entry(name.to_owned()).or_insert(Json::Object(BTreeMap::new()));
        let Json::Object(inner) = around else { return None };
        fields = inner;
    }
    Some(fields.entry(last.to_owned()).or_insert(empty))
}
