-- A Shirube ledger, format 1. The chain is the proof; triggers and rights only keep honest programs from mistakes.
-- Whoever makes this owns it. The program runs as another role, with the rights that grants.sql gives.

CREATE SCHEMA ledger;

CREATE TABLE ledger.format (version BIGINT NOT NULL);
INSERT INTO ledger.format VALUES (1);

-- One row per event: everything that stays for ever.
CREATE TABLE ledger.entry (
  study TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL CHECK (seq > 0),
  previous BYTEA NOT NULL CHECK (length(previous) = 32),
  hash BYTEA NOT NULL CHECK (length(hash) = 32),
  commitment BYTEA NOT NULL CHECK (length(commitment) = 32),
  at BIGINT NOT NULL, -- microseconds since 1970-01-01T00:00:00Z
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  site TEXT,
  on_behalf TEXT,
  kind TEXT NOT NULL,
  kind_version INTEGER NOT NULL CHECK (kind_version BETWEEN 0 AND 65535),
  meaning TEXT,
  request TEXT,
  attachments BYTEA NOT NULL CHECK (length(attachments) % 32 = 0), -- digests, one after the other
  PRIMARY KEY (study, seq)
);

-- What can be erased; the entry's commitment covers it.
CREATE TABLE ledger.content (
  study TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  salt BYTEA NOT NULL CHECK (length(salt) = 32),
  payload BYTEA NOT NULL,
  reason TEXT,
  PRIMARY KEY (study, seq),
  FOREIGN KEY (study, seq) REFERENCES ledger.entry (study, seq)
);

-- Attached files, by the SHA-256 of their bytes.
CREATE TABLE ledger.file (
  hash BYTEA NOT NULL CHECK (length(hash) = 32),
  study TEXT COLLATE "C" NOT NULL,
  bytes BYTEA NOT NULL,
  PRIMARY KEY (hash, study)
);

CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;

CREATE FUNCTION ledger.follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last ledger.entry;
BEGIN
  SELECT * INTO last FROM ledger.entry WHERE study = NEW.study ORDER BY seq DESC LIMIT 1;
  IF NEW.seq <> coalesce(last.seq, 0) + 1 OR NEW.previous <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
    RAISE EXCEPTION 'an entry must follow the last one';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION ledger.accompany() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The record of an erasure has content of its own: what it erased lies before it and cannot come back.
  IF NEW.seq <= (SELECT max(seq) FROM ledger.content WHERE study = NEW.study) THEN
    RAISE EXCEPTION 'content comes with its entry';
  END IF;
  RETURN NEW;
END $$;

-- What the study's last entry erases, when it is the record of an erasure.
CREATE FUNCTION ledger.erased(of TEXT, what TEXT) RETURNS SETOF TEXT LANGUAGE sql STABLE AS $$
  SELECT jsonb_array_elements_text(convert_from(c.payload, 'UTF8')::jsonb -> what)
  FROM ledger.entry e JOIN ledger.content c ON c.study = e.study AND c.seq = e.seq
  WHERE e.study = of AND e.seq = (SELECT max(seq) FROM ledger.entry WHERE study = of) AND e.kind = 'ledger.redaction'
$$;

CREATE FUNCTION ledger.only_on_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'content' THEN
    IF OLD.seq::text IN (SELECT ledger.erased(OLD.study, 'seqs')) THEN RETURN OLD; END IF;
  ELSE
    IF encode(OLD.hash, 'hex') IN (SELECT ledger.erased(OLD.study, 'attachments')) THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION 'content is erased by a recorded redaction only';
END $$;

-- The one way to delete anything: the program's role may not, this function's owner may.
CREATE FUNCTION ledger.erase(of TEXT) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM ledger.content WHERE study = of AND seq IN (SELECT s::bigint FROM ledger.erased(of, 'seqs') s);
  DELETE FROM ledger.file WHERE study = of AND encode(hash, 'hex') IN (SELECT ledger.erased(of, 'attachments'));
END $$;
REVOKE ALL ON FUNCTION ledger.erase(TEXT) FROM PUBLIC;

CREATE TRIGGER entry_follows_the_last BEFORE INSERT ON ledger.entry FOR EACH ROW EXECUTE FUNCTION ledger.follow();
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE ON ledger.entry FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER entry_is_not_emptied BEFORE TRUNCATE ON ledger.entry EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER content_comes_with_its_entry BEFORE INSERT ON ledger.content FOR EACH ROW EXECUTE FUNCTION ledger.accompany();
CREATE TRIGGER content_is_not_changed BEFORE UPDATE ON ledger.content FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER content_is_erased_on_record BEFORE DELETE ON ledger.content FOR EACH ROW EXECUTE FUNCTION ledger.only_on_record();
CREATE TRIGGER content_is_not_emptied BEFORE TRUNCATE ON ledger.content EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER file_is_not_changed BEFORE UPDATE ON ledger.file FOR EACH ROW EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER file_is_erased_on_record BEFORE DELETE ON ledger.file FOR EACH ROW EXECUTE FUNCTION ledger.only_on_record();
CREATE TRIGGER file_is_not_emptied BEFORE TRUNCATE ON ledger.file EXECUTE FUNCTION ledger.refuse();
