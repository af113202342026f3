//! Opening a ledger in a database: what is refused, and what is shown of the server's settings.

use super::session::{Session, config, connect, place, told};
use crate::error::LedgerError;
use crate::store::{Mode, Setting};
use postgres::{Client, GenericClient};
use std::collections::BTreeMap;

const SCHEMA: &str = include_str!("schema.sql");
const FORMAT: i64 = 1;

pub fn open(url: &str, mode: Mode) -> Result<Session, LedgerError> {
    let config = config(url)?;
    let place = place(&config);
    let mut client = connect(&config, &place, mode)?;
    if !exists(&mut client)? {
        if mode != Mode::Create {
            return Err(LedgerError::NotALedger { place });
        }
        create(&mut client, &place)?;
    }
    let found: i64 = client
        .query_one("SELECT version FROM ledger.format", &[])
        .and_then(|r| r.try_get(0))
        .map_err(|_| LedgerError::NotALedger { place: place.clone() })?;
    if found > FORMAT {
        return Err(LedgerError::Newer { place, found, known: FORMAT });
    }
    if mode != Mode::ReadOnly
        && let Some(object) = altered(&mut client)?.into_iter().next()
    {
        return Err(LedgerError::Schema { place, object });
    }
    Session::new(client, config, mode)
}

fn exists(client: &mut impl GenericClient) -> Result<bool, LedgerError> {
    let sql = "SELECT 1 FROM pg_namespace WHERE nspname = 'ledger'";
    Ok(client.query_opt(sql, &[]).map_err(told)?.is_some())
}

/// Makes the tables in one transaction; whoever comes second finds them there.
fn create(client: &mut Client, place: &str) -> Result<(), LedgerError> {
    let encoding: String =
        client.query_one("SHOW server_encoding", &[]).and_then(|r| r.try_get(0)).map_err(told)?;
    if encoding != "UTF8" {
        let detail = format!("the database's encoding is {encoding}, it must be UTF8");
        return Err(LedgerError::CannotOpen { place: place.to_owned(), detail });
    }
    let mut tx = client.transaction().map_err(told)?;
    let key = super::session::key("creates", "");
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&key]).map_err(told)?;
    if !exists(&mut tx)? {
        tx.batch_execute(SCHEMA).map_err(told)?;
    }
    tx.commit().map_err(told)
}

/// The tables' columns, and their constraints by kind (check, foreign key, primary key).
const TABLES: &[(&str, &str)] = &[
    ("format columns", "version int8"),
    (
        "entry columns",
        "study text seq int8 previous bytea hash bytea commitment bytea at int8 actor text role text site text \
         on_behalf text kind text kind_version int4 meaning text request text attachments bytea",
    ),
    ("entry constraints", "ccccccp"),
    ("content columns", "study text seq int8 salt bytea payload bytea reason text"),
    ("content constraints", "cfp"),
    ("file columns", "hash bytea study text bytes bytea"),
    ("file constraints", "cp"),
];

/// The triggers, functions and tables that are missing, switched off, altered or not the ledger's, by name.
pub fn altered(client: &mut impl GenericClient) -> Result<Vec<String>, LedgerError> {
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    for statement in SCHEMA.lines().filter_map(|l| l.strip_prefix("CREATE TRIGGER ")) {
        if let Some((name, rest)) = statement.split_once(' ') {
            let function = rest.rsplit_once("ledger.").map_or("", |(_, f)| f.trim_end_matches("();"));
            wanted.insert(name.to_owned(), format!("on {function}"));
        }
    }
    let mut parts = SCHEMA.split("$$");
    while let (Some(head), Some(body)) = (parts.next(), parts.next()) {
        let name = head.rsplit_once("CREATE FUNCTION ledger.").and_then(|(_, f)| f.split_once('('));
        if let Some((name, _)) = name {
            wanted.insert(format!("{name}()"), body.to_owned());
        }
    }
    for (name, is) in TABLES {
        wanted.insert((*name).to_owned(), (*is).to_owned());
    }
    let found = client
        .query(
            "SELECT t.tgname::text, CASE t.tgenabled WHEN 'O' THEN 'on ' WHEN 'A' THEN 'on ' ELSE 'off ' END || p.proname
             FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
             WHERE c.relnamespace = 'ledger'::regnamespace AND NOT t.tgisinternal
             UNION ALL SELECT proname || '()', prosrc FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace
             UNION ALL
             SELECT c.relname || ' columns', string_agg(a.attname || ' ' || t.typname, ' ' ORDER BY a.attnum)
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
             WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind NOT IN ('i', 'S') AND a.attnum > 0
               AND NOT a.attisdropped GROUP BY c.relname
             UNION ALL
             SELECT c.relname || ' constraints', string_agg(k.contype::text, '' ORDER BY k.contype)
             FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
             WHERE c.relnamespace = 'ledger'::regnamespace AND k.contype <> 'n' AND k.convalidated GROUP BY c.relname
             UNION ALL SELECT rulename, 'rule' FROM pg_rules WHERE schemaname = 'ledger'",
            &[],
        )
        .map_err(told)?;
    let mut differ = Vec::new();
    for row in found {
        let (name, is): (String, String) = (row.try_get(0).map_err(told)?, row.try_get(1).map_err(told)?);
        if wanted.remove(&name).is_none_or(|w| w != is) {
            differ.push(name);
        }
    }
    differ.extend(wanted.into_keys());
    differ.sort();
    Ok(differ)
}

/// What durability rests on, and whether the program runs as a role that could get around the triggers.
pub fn settings(client: &mut impl GenericClient) -> Result<Vec<Setting>, LedgerError> {
    let mut settings = Vec::new();
    let mut add = |name: &str, value: String, wanted: &str, ok: bool| {
        settings.push(Setting { name: name.to_owned(), value, wanted: wanted.to_owned(), ok });
    };
    for (name, wanted) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("zero_damaged_pages", "off"),
        ("ignore_checksum_failure", "off"),
        ("session_replication_role", "origin"),
        ("server_encoding", "UTF8"),
    ] {
        // A setting that may not be seen is not known to be right.
        let found = client.query_one("SELECT current_setting($1, true)", &[&name]).map_err(told)?;
        let value: Option<String> = found.try_get(0).map_err(told)?;
        let ok = value.as_deref() == Some(wanted)
            || (name == "synchronous_commit" && value.as_deref() == Some("remote_apply"));
        add(name, value.unwrap_or_else(|| "not told".to_owned()), wanted, ok);
    }
    let owner: bool = client
        .query_one(
            "SELECT bool_or(r.rolsuper OR pg_has_role(r.oid, c.relowner, 'MEMBER')
               OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER'))
             FROM pg_roles r, pg_class c
             WHERE r.rolname = current_user AND c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r'",
            &[],
        )
        .and_then(|r| r.try_get(0))
        .map_err(told)?;
    let value = if owner { "may change or delete" } else { "may insert and read" };
    add("role", value.to_owned(), "may insert and read", !owner);
    let altered = altered(client)?;
    let value = if altered.is_empty() { "as made".to_owned() } else { altered.join(", ") };
    add("triggers and functions", value, "as made", altered.is_empty());
    Ok(settings)
}
