//! What a deployment writes into the ledger.

use lambark_images::referrers;
use lambark_ledger::{Draft, Outcome as Ended};
use lambark_oci::{Digest, Reference};

use super::prepare::Prepared;
use super::{Deployment, End, Step};
use crate::failure::Failure;
use crate::operations::deployment::back::Changed;
use crate::operations::deployment::mend::Mending;
use crate::operations::ledger::Record;

impl Deployment<'_> {
    /// What becomes of an image that Lambda would refuse. A repair has entries of its own.
    pub(super) fn mending(&mut self) -> Mending<'_> {
        if !self.settings.image.fix {
            return Mending::No;
        }
        if self.settings.plan_only {
            return Mending::Plan;
        }
        let service = self.settings.service.clone();
        let journal = self.tools.journal.as_deref_mut();
        Mending::Do(journal.map(|journal| Record { journal, verb: "fix", service }))
    }

    /// Writes the intent: after this, something may change.
    pub(super) fn intend(&mut self, prepared: &Prepared) -> Result<(), Failure> {
        let (service, alias) = (self.settings.service.clone(), self.settings.alias.clone());
        let Some(journal) = &mut self.tools.journal else { return Ok(()) };
        let mut attestations = prepared.chosen.attestations.clone();
        // What refers to the image is asked for the record alone: not to know it stops nothing.
        attestations.extend(referrers::attestations(&prepared.chosen.image, self.world.access).unwrap_or_default());
        attestations.sort();
        attestations.dedup();
        attestations.truncate(lambark_ledger::limits::MAX_ATTESTATIONS);
        journal.intend("deploy", prepared.taken_over.as_ref(), |draft| {
            let before = &prepared.before;
            draft.service = service;
            draft.function = Some(prepared.live.settings().name.clone());
            draft.alias = alias;
            draft.repository = Some(prepared.chosen.image.repository_name());
            draft.tag = prepared.chosen.tag.clone();
            draft.digest_before = digest(before.image.as_ref());
            draft.digest_after = prepared.digest().cloned();
            draft.version_before = before.alias.as_ref().map(|alias| alias.version.clone());
            draft.verdict = Some(prepared.chosen.verdict.to_string());
            draft.attestations = attestations;
            if let Some(latest) = digest(before.latest.as_ref()) {
                draft.facts.insert("latestBefore".to_owned(), latest.to_string());
            }
        })?;
        Ok(())
    }

    /// Writes how it ended. That this failed is told, and changes nothing about what was done.
    pub(super) fn ended(&mut self, changed: &Changed, end: &End) {
        let Some(journal) = &mut self.tools.journal else { return };
        let (outcome, detail) = match end {
            End::Planned(_) => return,
            End::Deployed => (Ended::Succeeded, None),
            End::RolledBack { reason, .. } => (Ended::RolledBack, Some(reason.to_string())),
            End::NotRolledBack { reason, .. } => (Ended::NotRolledBack, Some(reason.to_string())),
            End::Overtaken { by, .. } => (Ended::Failed, Some(format!("changed since it was read{by}"))),
        };
        let tests: Vec<(String, String)> = self
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Probed { probed, .. } => {
                    let result = if probed.faults.is_empty() { "passed".to_owned() } else { probed.faults.join("; ") };
                    Some((format!("test {}", probed.name), result))
                }
                _ => None,
            })
            .collect();
        let written = journal.end(outcome, |draft| {
            draft.version_after.clone_from(&changed.version);
            draft.detail = detail;
            add(draft, tests);
        });
        if let Err(error) = written {
            self.tell(Step::NotRecorded { reason: error.to_string() });
        }
    }
}

/// Facts, as many as an entry takes.
fn add(draft: &mut Draft, facts: Vec<(String, String)>) {
    for (name, fact) in facts {
        if draft.facts.len() + 1 >= lambark_ledger::limits::MAX_FACTS {
            return;
        }
        let name: String = name.chars().take(lambark_ledger::limits::MAX_FACT_NAME_BYTES / 4).collect();
        draft.facts.insert(name, fact);
    }
}

fn digest(image: Option<&Reference>) -> Option<Digest> {
    image?.digest().cloned()
}
