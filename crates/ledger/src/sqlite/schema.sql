-- A Shirube ledger, format 1. The chain is the proof; the triggers only keep honest programs from mistakes.

-- One row per event: everything that stays for ever.
CREATE TABLE entry (
  study TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  previous BLOB NOT NULL CHECK (length(previous) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  commitment BLOB NOT NULL CHECK (length(commitment) = 32),
  at INTEGER NOT NULL, -- microseconds since 1970-01-01T00:00:00Z
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  site TEXT,
  on_behalf TEXT,
  kind TEXT NOT NULL,
  kind_version INTEGER NOT NULL CHECK (kind_version BETWEEN 0 AND 65535),
  meaning TEXT,
  request TEXT,
  attachments BLOB NOT NULL CHECK (length(attachments) % 32 = 0), -- digests, one after the other
  PRIMARY KEY (study, seq)
) STRICT, WITHOUT ROWID;

-- What can be erased; the entry's commitment covers it.
CREATE TABLE content (
  study TEXT NOT NULL,
  seq INTEGER NOT NULL,
  salt BLOB NOT NULL CHECK (length(salt) = 32),
  payload BLOB NOT NULL,
  reason TEXT,
  PRIMARY KEY (study, seq),
  FOREIGN KEY (study, seq) REFERENCES entry (study, seq)
) STRICT;

-- Attached files, by the SHA-256 of their bytes.
CREATE TABLE file (
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  study TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (hash, study)
) STRICT;

CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON entry
WHEN NEW.seq IS NOT 1 + coalesce((SELECT max(seq) FROM entry WHERE study = NEW.study), 0)
  OR NEW.previous IS NOT coalesce(
    (SELECT hash FROM entry WHERE study = NEW.study ORDER BY seq DESC LIMIT 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'an entry must follow the last one'); END;

CREATE TRIGGER content_is_not_changed BEFORE UPDATE ON content
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER content_comes_with_its_entry BEFORE INSERT ON content
WHEN NEW.seq IS NOT (SELECT max(seq) FROM entry WHERE study = NEW.study)
  OR EXISTS (SELECT 1 FROM content WHERE study = NEW.study AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'content comes with its entry'); END;

CREATE TRIGGER content_is_erased_on_record BEFORE DELETE ON content
WHEN NOT EXISTS (
  SELECT 1 FROM entry e JOIN content c ON c.study = e.study AND c.seq = e.seq,
    json_each(CAST(c.payload AS TEXT), '$.seqs') erased
  WHERE e.study = OLD.study AND e.seq = (SELECT max(seq) FROM entry WHERE study = OLD.study)
    AND e.seq > OLD.seq AND e.kind = 'ledger.redaction' AND erased.value = OLD.seq)
BEGIN SELECT RAISE(ABORT, 'content is erased by a recorded redaction only'); END;

CREATE TRIGGER file_is_not_changed BEFORE UPDATE ON file
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER file_is_not_replaced BEFORE INSERT ON file
WHEN EXISTS (SELECT 1 FROM file WHERE hash = NEW.hash AND study = NEW.study)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER file_is_erased_on_record BEFORE DELETE ON file
WHEN NOT EXISTS (
  SELECT 1 FROM entry e JOIN content c ON c.study = e.study AND c.seq = e.seq,
    json_each(CAST(c.payload AS TEXT), '$.attachments') erased
  WHERE e.study = OLD.study AND e.seq = (SELECT max(seq) FROM entry WHERE study = OLD.study)
    AND e.kind = 'ledger.redaction' AND erased.value = lower(hex(OLD.hash)))
BEGIN SELECT RAISE(ABORT, 'a file is erased by a recorded redaction only'); END;
