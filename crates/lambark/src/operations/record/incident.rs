//! `record incident`: the entries of one deployment that went wrong, gathered for a record of the incident.

use lambark_ledger::{Entry, Error, Filter, Head, Ledger, Outcome};

use super::{Look, Read};
use crate::failure::Failure;
use crate::operations::ledger::Settings;

/// The verb that undoes.
const ROLLBACK: &str = "rollback";

/// What a person says of the incident. What nobody says is told as a gap.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// How bad.
    pub severity: Option<String>,
    /// How far.
    pub status: Option<String>,
    /// Whom it hit, and how.
    pub impact: Option<String>,
}

/// What the ledger knows of an incident.
#[derive(Debug)]
pub struct Incident {
    /// What was to be done.
    pub intent: Entry,
    /// How that went: the last entry that ends it.
    pub end: Option<Entry>,
    /// Every entry that belongs to it, the first one too.
    pub timeline: Vec<Entry>,
    /// What was done to the same alias next.
    pub next: Option<Entry>,
    /// How that went.
    pub next_end: Option<Entry>,
    /// What a person says.
    pub words: Words,
    /// The head when this was gathered.
    pub head: Option<Head>,
}

/// Gathers what belongs to the deployment that entry `id` begins or ends.
///
/// # Errors
/// When there is no such entry, it tells of no change, or the ledger cannot be read.
pub fn incident(settings: &Settings, id: u64, words: Words) -> Result<Read<Incident>, Failure> {
    let look = Look::open(settings)?;
    let asked = look.ledger.show(id)?;
    if asked.body.outcome.is_of_the_ledger() {
        return Err(Failure::Arguments(format!(
            "entry {id} tells that the ledger was {}; an incident begins with a deployment or another change",
            asked.body.outcome
        )));
    }
    let intent = begin(&look.ledger, asked)?;
    let filter = Filter { function: intent.body.function.clone(), ..Filter::default() };
    let entries = look.ledger.list(&filter)?.entries;
    let incident = gather(intent, &entries, words, look.ledger.head()?);
    let (of, facts) = (incident.intent.id, [("entries", incident.timeline.len().to_string())]);
    Ok(look.read(incident, "record incident", Outcome::Exported, Some(of), &facts)?)
}

/// The entry that `asked` ends, or `asked` itself.
fn begin(ledger: &Ledger, asked: Entry) -> Result<Entry, Error> {
    match asked.body.of {
        Some(of) if asked.body.outcome.is_an_end() => match ledger.show(of) {
            // The intent may be old enough to be gone.
            Err(Error::Unknown { .. }) => Ok(asked),
            found => found,
        },
        _ => Ok(asked),
    }
}

fn ends(entry: &Entry, intent: &Entry) -> bool {
    entry.body.outcome.is_an_end() && entry.body.of == Some(intent.id)
}

fn gather(intent: Entry, entries: &[Entry], words: Words, head: Option<Head>) -> Incident {
    let same = |entry: &&Entry| {
        let (one, other) = (&entry.body, &intent.body);
        one.function == other.function
            && one.alias == other.alias
            && (other.function.is_some() || (one.repository == other.repository && one.tag == other.tag))
    };
    let mut timeline = vec![intent.clone()];
    let (mut end, mut next) = (None, None);
    for entry in entries.iter().filter(|entry| entry.id > intent.id && !entry.body.outcome.is_of_the_ledger()) {
        let begins_nothing = entry.body.outcome.is_an_end() && entry.body.of.is_some();
        if ends(entry, &intent) {
            end = Some(entry.clone());
            timeline.push(entry.clone());
        } else if next.is_none() && begins_nothing {
            // The end of something that belongs here, or of something older that does not.
            if timeline.iter().any(|known| ends(entry, known)) {
                timeline.push(entry.clone());
            }
        } else if next.is_none() && same(&entry) {
            if entry.body.verb == ROLLBACK {
                timeline.push(entry.clone());
            } else {
                next = Some(entry.clone());
            }
        }
    }
    let next_end = next.as_ref().and_then(|next| entries.iter().rfind(|entry| ends(entry, next)).cloned());
    Incident { intent, end, timeline, next, next_end, words, head }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use lambark_ledger::{Draft, Who, WhoKind};

    use super::*;

    fn draft(verb: &str, function: &str, outcome: Outcome, of: Option<u64>) -> Draft {
        let mut draft = Draft::new(1, Who { kind: WhoKind::Local, name: "octo".to_owned() }, verb, outcome);
        draft.function = Some(function.to_owned());
        draft.of = of;
        draft
    }

    #[test]
    fn what_belongs_to_a_deployment_is_gathered() {
        use Outcome::{Failed, Intended, NotRolledBack, Read, Succeeded};
        let mut ledger = Ledger::none(None).unwrap();
        for (verb, function, outcome, of) in [
            ("deploy", "f", Intended, None),         // 1: older
            ("deploy", "f", Intended, None),         // 2: the one
            ("deploy", "g", Intended, None),         // 3: another function
            ("deploy", "f", Failed, Some(1)),        // 4: the older one's end
            ("deploy", "f", NotRolledBack, Some(2)), // 5: its end
            ("record show", "f", Read, Some(2)),     // 6: somebody looked
            ("rollback", "f", Intended, None),       // 7: what undid it
            ("rollback", "f", Succeeded, Some(7)),   // 8
            ("deploy", "f", Intended, None),         // 9: the next one
            ("deploy", "f", Succeeded, Some(9)),     // 10
            ("rollback", "f", Succeeded, None),      // 11: of the next one
        ] {
            ledger.append(&draft(verb, function, outcome, of)).unwrap();
        }
        let entries = ledger.list(&Filter { function: Some("f".to_owned()), ..Filter::default() }).unwrap().entries;
        for asked in [2, 5] {
            let intent = begin(&ledger, ledger.show(asked).unwrap()).unwrap();
            let incident = gather(intent, &entries, Words::default(), None);
            let ids = |entries: &[Entry]| entries.iter().map(|entry| entry.id).collect::<Vec<u64>>();
            assert_eq!(ids(&incident.timeline), [2, 5, 7, 8]);
            assert_eq!(incident.end.unwrap().id, 5);
            assert_eq!((incident.next.unwrap().id, incident.next_end.unwrap().id), (9, 10));
        }
    }
}
