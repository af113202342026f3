//! A ledger in memory: for tests, and for simulations that are not to be kept.

use crate::error::LedgerError;
use crate::event::{Appended, Batch, Draft, Entry, Erase, Head, seal};
use crate::hash::Hash;
use crate::store::{Files, Setting, Store, Stray, admit, admit_redaction};
use crate::verify::Chain;
use std::collections::BTreeMap;

/// The same semantics as the other stores, without a disk: what it holds is gone with it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    studies: BTreeMap<String, Vec<Entry>>,
    blobs: BTreeMap<(Hash, String), Vec<u8>>,
}

impl Memory {
    pub fn new() -> Memory {
        Memory::default()
    }

    /// The entries of a study, in order: to look at, and in tests to tamper with.
    pub fn entries_mut(&mut self, study: &str) -> Option<&mut Vec<Entry>> {
        self.studies.get_mut(study)
    }

    fn entries(&self, study: &str) -> &[Entry] {
        self.studies.get(study).map_or(&[], Vec::as_slice)
    }

    fn has(&self, study: &str, hash: &Hash) -> bool {
        self.blobs.contains_key(&(*hash, study.to_owned()))
    }
}

impl Store for Memory {
    fn append(&mut self, batches: &[Batch<'_>]) -> Result<Vec<Appended>, LedgerError> {
        // Everything is sealed beside the store first, so that a refusal leaves the store as it was.
        let mut heads: BTreeMap<&str, Head> = BTreeMap::new();
        let mut sealed: Vec<(&str, Vec<Entry>)> = Vec::new();
        let mut files: BTreeMap<(Hash, String), Vec<u8>> = BTreeMap::new();
        let mut done = Vec::with_capacity(batches.len());
        for batch in batches {
            let start = match heads.get(batch.study) {
                Some(head) => *head,
                None => self.head(batch.study)?,
            };
            admit(batch, start, |h| {
                Ok(self.has(batch.study, h) || files.contains_key(&(*h, batch.study.to_owned())))
            })?;
            let mut head = start;
            let mut entries = Vec::with_capacity(batch.drafts.len());
            for draft in batch.drafts {
                let entry = seal(batch.study, &head, draft.clone());
                head = entry.head();
                entries.push(entry);
            }
            for blob in batch.blobs {
                files.insert((blob.hash(), batch.study.to_owned()), blob.bytes().to_vec());
            }
            done.push(Appended {
                study: batch.study.to_owned(),
                first: start.seq + 1,
                head,
                hashes: entries.iter().map(|e| e.hash).collect(),
            });
            heads.insert(batch.study, head);
            sealed.push((batch.study, entries));
        }
        for (study, entries) in sealed {
            if !entries.is_empty() {
                self.studies.entry(study.to_owned()).or_default().extend(entries);
            }
        }
        for (key, bytes) in files {
            self.blobs.entry(key).or_insert(bytes);
        }
        Ok(done)
    }

    fn head(&self, study: &str) -> Result<Head, LedgerError> {
        Ok(self.entries(study).last().map_or(Head::GENESIS, Entry::head))
    }

    fn studies(&self) -> Result<Vec<String>, LedgerError> {
        Ok(self.studies.keys().cloned().collect())
    }

    fn read(
        &self,
        study: &str,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.entries(study).iter().filter(|e| from <= e.seq && e.seq <= to).try_for_each(|e| each(e.clone()))
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        let found = self.blobs.range((*hash, String::new())..).next().filter(|((h, _), _)| h == hash);
        found.map(|(_, bytes)| whole(hash, bytes.clone())).transpose()
    }

    fn attachment(&self, study: &str, hash: &Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        self.blobs.get(&(*hash, study.to_owned())).map(|bytes| whole(hash, bytes.clone())).transpose()
    }

    fn redact(
        &mut self,
        study: &str,
        expected: u64,
        erase: &Erase,
        by: Draft,
    ) -> Result<Appended, LedgerError> {
        let head = self.head(study)?;
        let at = |seq: u64| {
            let entry = self.entries(study).iter().find(|e| e.seq == seq);
            Ok(entry.map(|e| (e.kind.clone(), !e.is_erased())))
        };
        let (by, erase) = admit_redaction(study, expected, head, erase, by, at, |h| Ok(self.has(study, h)))?;
        let record = seal(study, &head, by);
        let done = Appended {
            study: study.to_owned(),
            first: record.seq,
            head: record.head(),
            hashes: vec![record.hash],
        };
        let entries = self.studies.entry(study.to_owned()).or_default();
        for entry in entries.iter_mut().filter(|e| erase.seqs.contains(&e.seq)) {
            (entry.payload, entry.reason, entry.salt) = (None, None, None);
        }
        entries.push(record);
        for hash in erase.attachments {
            self.blobs.remove(&(hash, study.to_owned()));
        }
        Ok(done)
    }

    fn adopt(
        &mut self,
        study: &str,
        next: &mut dyn FnMut() -> Result<Option<Entry>, LedgerError>,
        file: &mut Files<'_>,
    ) -> Result<Head, LedgerError> {
        let head = self.head(study)?;
        if head != Head::GENESIS {
            return Err(LedgerError::Occupied { study: study.to_owned(), head });
        }
        let mut chain = Chain::new(study);
        let (mut entries, mut blobs) = (Vec::new(), BTreeMap::new());
        while let Some(entry) = next()? {
            chain.push(&entry).map_err(|f| LedgerError::Reader(f.told))?;
            for hash in &entry.attachments {
                if let Some(bytes) = file(hash)? {
                    blobs.insert((*hash, study.to_owned()), whole(hash, bytes)?);
                }
            }
            entries.push(entry);
        }
        let head = chain.finish(&mut |hash| Ok(blobs.contains_key(&(*hash, study.to_owned()))));
        let head = head.map_err(|f| LedgerError::Reader(f.told))?;
        self.studies.insert(study.to_owned(), entries);
        self.blobs.append(&mut blobs);
        Ok(head)
    }

    fn strays(&self) -> Result<Vec<Stray>, LedgerError> {
        let mut found = Vec::new();
        for ((hash, study), bytes) in &self.blobs {
            if Hash::of(bytes) != *hash {
                found.push(Stray::BlobChanged { study: study.clone(), hash: *hash });
            }
            if !self.entries(study).iter().any(|e| e.attachments.contains(hash)) {
                found.push(Stray::Blob { study: study.clone(), hash: *hash });
            }
        }
        Ok(found)
    }

    fn check_settings(&self) -> Result<Vec<Setting>, LedgerError> {
        Ok(vec![Setting {
            name: "durable".to_owned(),
            value: "no".to_owned(),
            wanted: "yes".to_owned(),
            ok: false,
        }])
    }
}

/// The bytes, once they have been found to give their digest.
pub(crate) fn whole(hash: &Hash, bytes: Vec<u8>) -> Result<Vec<u8>, LedgerError> {
    if Hash::of(&bytes) == *hash { Ok(bytes) } else { Err(LedgerError::Blob { hash: *hash }) }
}
