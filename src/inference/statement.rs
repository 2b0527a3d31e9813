//! Statements of SQL and commands of a shell inside arguments: which class they are of.
//!
//! A lexer that knows where strings and comments end, and no grammar: what it cannot follow counts
//! as a change. The same everywhere, because a parser that only the host has would give another gate.

use crate::impact::Effect;

/// What a statement does, ascending in harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// It looks.
    Reads,
    /// It changes something, or may.
    Changes,
    /// It reaches outside.
    Sends,
    /// It gives or takes rights.
    Grants,
    /// What was there is gone.
    Destroys,
}

impl Class {
    pub(super) const fn effect(self) -> Option<Effect> {
        match self {
            Self::Reads => None,
            Self::Changes | Self::Destroys => Some(Effect::Data),
            Self::Sends => Some(Effect::ExternalState),
            Self::Grants => Some(Effect::Permissions),
        }
    }

    pub(super) const fn says(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Changes => "changes",
            Self::Sends => "reaches outside",
            Self::Grants => "changes rights",
            Self::Destroys => "destroys",
        }
    }
}

/// Characters of one statement that are read.
const READ_LENGTH_MAX: usize = 8_000;

/// The class of a text that is SQL by its first words; `None` where it is not.
pub(super) fn sql(text: &str) -> Option<(Class, String)> {
    let (statements, complete) = sql_words(text);
    let mut worst: Option<(Class, String)> = None;
    for words in &statements {
        let class = sql_class(words)?;
        if worst.as_ref().is_none_or(|(known, _)| class > *known) {
            worst = Some((class, words.first().cloned().unwrap_or_default()));
        }
    }
    let (class, word) = worst?;
    // A string that never ends, or more than is read.
    Some((if complete { class } else { class.max(Class::Changes) }, word))
}

const OBJECTS: &str = "table database schema index view user role function procedure trigger sequence type \
    extension materialized temporary temp unique or column external keyspace policy";

/// First words, words of which the second must be one, words of which one must be there, and the
/// class; an empty list asks for nothing. The first row that fits counts.
const SQL: &[(&str, &str, &str, Class)] = &[
    ("select", "", "into", Class::Changes),
    ("select show describe desc values", "", "", Class::Reads),
    ("explain", "", "analyze", Class::Changes),
    ("explain", "", "", Class::Reads),
    ("with", "", "delete", Class::Destroys),
    ("with", "", "insert update merge into", Class::Changes),
    ("with", "", "as", Class::Reads),
    ("insert", "", "into values", Class::Changes),
    ("replace merge", "into", "", Class::Changes),
    ("update", "", "set", Class::Changes),
    ("delete", "from", "", Class::Destroys),
    ("drop", OBJECTS, "", Class::Destroys),
    ("truncate", "", "", Class::Destroys),
    ("alter", OBJECTS, "drop", Class::Destroys),
    ("alter", OBJECTS, "", Class::Changes),
    ("create", "user role policy", "", Class::Grants),
    ("create", OBJECTS, "", Class::Changes),
    ("grant revoke", "", "to from", Class::Grants),
    ("call exec execute do copy load vacuum lock set", "", "( = * from table", Class::Changes),
];

pub(super) fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one == word)
}

fn sql_class(words: &[String]) -> Option<Class> {
    let [first, second, ..] = words else {
        return None;
    };
    let fits = |(firsts, seconds, any, _): &&(&str, &str, &str, Class)| {
        listed(firsts, first)
            && (seconds.is_empty() || listed(seconds, second))
            && (any.is_empty() || words.iter().any(|word| listed(any, word)))
    };
    SQL.iter().find(fits).map(|(.., class)| *class)
}

/// The words of each statement in lower case, without strings and comments; and whether the text
/// ends where a statement may end.
fn sql_words(text: &str) -> (Vec<Vec<String>>, bool) {
    let mut statements = vec![Vec::new()];
    let mut word = String::new();
    let mut characters = text.chars().take(READ_LENGTH_MAX).peekable();
    let mut complete = text.chars().nth(READ_LENGTH_MAX).is_none();
    let end = |word: &mut String, statements: &mut Vec<Vec<String>>| {
        if let (false, Some(last)) = (word.is_empty(), statements.last_mut()) {
            last.push(std::mem::take(word));
        }
    };
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' | '`' => {
                end(&mut word, &mut statements);
                complete &= characters.by_ref().any(|next| next == character);
            }
            '-' if characters.peek() == Some(&'-') => {
                end(&mut word, &mut statements);
                let _ = characters.by_ref().any(|next| next == '\n');
            }
            '/' if characters.peek() == Some(&'*') => {
                end(&mut word, &mut statements);
                characters.next();
                let mut before = ' ';
                complete &= characters.by_ref().any(|next| {
                    let ends = before == '*' && next == '/';
                    before = next;
                    ends
                });
                // `/*! … */` runs in some databases: what it says is not read.
            }
            ';' => {
                end(&mut word, &mut statements);
                statements.push(Vec::new());
            }
            '(' | '=' | '*' => {
                end(&mut word, &mut statements);
                if let Some(last) = statements.last_mut() {
                    last.push(character.to_string());
                }
            }
            _ if character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii() => {
                word.push(character.to_ascii_lowercase());
            }
            _ => end(&mut word, &mut statements),
        }
    }
    end(&mut word, &mut statements);
    statements.retain(|words| !words.is_empty());
    if text.contains("/*!") {
        complete = false;
    }
    (statements, complete)
}

const SHELL_READS: &str = "ls cat head tail grep rg wc pwd echo printf whoami id date uname df du ps top env which stat \
    file sort uniq cut diff less more true false test history uptime hostname tree jq";
const SHELL_DESTROYS: &str = "rm rmdir shred mkfs dd truncate kill pkill killall shutdown reboot halt poweroff \
    wipefs fdisk format del erase userdel dropdb uninstall unlink";
const SHELL_GRANTS: &str =
    "sudo su chmod chown chgrp setfacl passwd useradd usermod groupadd visudo doas icacls";
const SHELL_SENDS: &str = "curl wget ssh scp sftp rsync nc ncat telnet ftp mail sendmail aws gcloud az kubectl terraform \
    helm npm pip twine";

/// The class of a shell's command line.
pub(super) fn shell(text: &str) -> Option<(Class, String)> {
    let complete = text.chars().nth(READ_LENGTH_MAX).is_none();
    let text: String = text.chars().take(READ_LENGTH_MAX).collect();
    let mut worst: Option<(Class, String)> = None;
    let mut raise = |class: Class, word: &str| {
        if worst.as_ref().is_none_or(|(known, _)| class > *known) {
            worst = Some((class, word.to_owned()));
        }
    };
    if text.contains('>') {
        raise(Class::Changes, ">");
    }
    for command in text.split([';', '|', '&', '\n', '`', '(', ')', '{', '}']) {
        let is_assignment = |word: &&str| word.contains('=') && !word.starts_with('-');
        let mut words = command.split_ascii_whitespace().skip_while(is_assignment);
        let Some(first) = words.next() else {
            continue;
        };
        let rest: Vec<&str> = words.collect();
        let base = first.rsplit(['/', '\\']).next().unwrap_or(first).to_ascii_lowercase();
        let own = |word: &str| {
            if listed(SHELL_DESTROYS, word) {
                Class::Destroys
            } else if listed(SHELL_GRANTS, word) {
                Class::Grants
            } else if listed(SHELL_SENDS, word) {
                Class::Sends
            } else if listed(SHELL_READS, word) {
                Class::Reads
            } else {
                Class::Changes
            }
        };
        raise(own(&base), &base);
        // What another command is handed: `sudo rm`, `xargs rm`, `sh -c 'rm -rf /'`.
        let handed = rest.iter().map(|word| word.trim_matches(['\'', '"']).to_ascii_lowercase());
        if !matches!(base.as_str(), "echo" | "printf" | "grep" | "rg") {
            for word in handed {
                let destroys = listed(SHELL_DESTROYS, &word)
                    || matches!(
                        word.as_str(),
                        "--force"
                            | "-rf"
                            | "-fr"
                            | "--hard"
                            | "-delete"
                            | "destroy"
                            | "delete"
                            | "drop"
                    );
                if destroys {
                    raise(Class::Destroys, &word);
                }
            }
        }
    }
    let (class, word) = worst?;
    Some((if complete { class } else { class.max(Class::Changes) }, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_their_class() {
        let rows = [
            ("SELECT * FROM users", Some(Class::Reads)),
            ("select 'drop table x; delete' from t -- delete from y", Some(Class::Reads)),
            ("select 1; DROP TABLE users", Some(Class::Destroys)),
            ("select * into t2 from t", Some(Class::Changes)),
            ("with gone as (delete from t returning *) select * from gone", Some(Class::Destroys)),
            ("with a as (select 1) select * from a", Some(Class::Reads)),
            ("UPDATE t SET a = 1", Some(Class::Changes)),
            ("/* hello */ TRUNCATE t", Some(Class::Destroys)),
            ("GRANT ALL ON db TO mallory", Some(Class::Grants)),
            ("alter table t drop column c", Some(Class::Destroys)),
            ("explain select 1", Some(Class::Reads)),
            ("explain analyze delete from t", Some(Class::Changes)),
            ("select 'never ends", None),
            ("select a, 'never ends", Some(Class::Changes)),
            ("how do I delete my account", None),
            ("update my address please", None),
            ("drop in any time", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(sql(text).map(|(class, _)| class), expected, "{text}");
        }
    }

    #[test]
    fn command_lines_have_their_class() {
        let rows = [
            ("ls -la | grep x", Some(Class::Reads)),
            ("cat a > b", Some(Class::Changes)),
            ("sudo rm -rf /", Some(Class::Destroys)),
            ("FOO=1 /bin/rm x", Some(Class::Destroys)),
            ("find . -delete", Some(Class::Destroys)),
            ("git push --force", Some(Class::Destroys)),
            ("bash -c 'rm x'", Some(Class::Destroys)),
            ("curl -d x https://a.example", Some(Class::Sends)),
            ("chmod 777 x", Some(Class::Grants)),
            ("python x.py", Some(Class::Changes)),
            ("echo rm", Some(Class::Reads)),
            ("  ", None),
        ];
        for (text, expected) in rows {
            assert_eq!(shell(text).map(|(class, _)| class), expected, "{text}");
        }
    }
}
