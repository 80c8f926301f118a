//! The ledger as a SQLite database.

mod file;

use std::path::{Path, PathBuf};

use lambark_oci::Digest;
use rusqlite::types::Value;
use rusqlite::{
    Connection, OptionalExtension, Row as SqlRow, Transaction, TransactionBehavior, params, params_from_iter,
};

use crate::canonical;
use crate::entry::{Anchor, Draft, Entry, Outcome, nothing_before};
use crate::error::Error;
use crate::ledger::{Filter, Head, Prunable};
use crate::row::{Columns, Row};
use crate::verify::{Fault, Report, Walk};

/// What is read of an entry.
const ROW: &str = "SELECT id, canonical, hash, time, verb, outcome, ends, service, function, alias FROM entry";

/// The database, open.
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Result<Database, Error> {
        Ok(Database { connection: file::open(path)?, path: path.to_owned() })
    }

    pub(crate) fn open_read_only(path: &Path) -> Result<Database, Error> {
        Ok(Database { connection: file::open_read_only(path)?, path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the disk full, as far as SQLite is concerned.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.connection.pragma_update(None, "max_page_count", pages).expect("a pragma that SQLite has");
    }

    /// What SQLite says while something is read.
    fn read<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|error| Error::of_sqlite(&self.path, false, &error))
    }

    /// Does `work` in one transaction that nobody else writes in.
    fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        let path = &self.path;
        let result =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
                let done = work(&transaction)?;
                transaction.commit()?;
                Ok(done)
            });
        result.map_err(|error| Error::of_sqlite(path, true, &error))
    }

    pub(crate) fn append(&mut self, body: Draft) -> Result<Entry, Error> {
        self.write(|transaction| append(transaction, body))
    }

    pub(crate) fn head(&self) -> Result<Option<Head>, Error> {
        self.read(head(&self.connection))
    }

    pub(crate) fn row(&self, id: u64) -> Result<Option<Row>, Error> {
        let Ok(id) = i64::try_from(id) else { return Ok(None) };
        self.read(self.connection.query_row(&format!("{ROW} WHERE id = ?1"), [id], row).optional())
    }

    pub(crate) fn select(&self, filter: &Filter) -> Result<Vec<Row>, Error> {
        let (mut sql, mut values) = (format!("{ROW} WHERE true"), Vec::<Value>::new());
        let mut also = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ?{}", values.len()));
            }
        };
        let time = |time: Option<u64>| time.map(|time| Value::Integer(time.try_into().unwrap_or(i64::MAX)));
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        also("time >=", time(filter.since));
        also("time <", time(filter.until));
        also("function =", text(&filter.function));
        also("service =", text(&filter.service));
        also("verb =", text(&filter.verb));
        let limit = filter.limit.map_or(-1, i64::from);
        sql.push_str(&format!(" ORDER BY id DESC LIMIT {limit}"));
        let rows = self.connection.prepare(&sql).and_then(|mut statement| {
            statement.query_map(params_from_iter(values), row)?.collect::<rusqlite::Result<Vec<Row>>>()
        });
        let mut rows = self.read(rows)?;
        rows.reverse();
        Ok(rows)
    }

    pub(crate) fn open_intent(&self, function: &str, alias: Option<&str>) -> Result<Option<Row>, Error> {
        let sql = format!(
            "{ROW} WHERE outcome = ?1 AND function = ?2 AND alias IS ?3
             AND NOT EXISTS (SELECT 1 FROM entry AS later WHERE later.ends = entry.id) ORDER BY id DESC LIMIT 1"
        );
        let intended = Outcome::Intended.as_str();
        self.read(self.connection.query_row(&sql, params![intended, function, alias], row).optional())
    }

    pub(crate) fn verify(&self, expected: Option<&Digest>) -> Result<Report, Error> {
        let mut walk = Walk::new(expected);
        let walked = self.connection.prepare(&format!("{ROW} ORDER BY id")).and_then(|mut statement| {
            let mut rows = statement.query([])?;
            while let Some(next) = rows.next()? {
                walk.step(&row(next)?);
            }
            Ok(())
        });
        let mut faults = file::faults(&self.connection);
        if let Err(error) = walked {
            match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::TooBig) => {
                    faults.push(Fault::file(error.to_string()));
                }
                _ => return self.read(Err(error)),
            }
        }
        let mut report = walk.end();
        report.faults.extend(faults);
        Ok(report)
    }

    pub(crate) fn prunable(&self, before: u64) -> Result<Option<Prunable>, Error> {
        self.read(prunable(&self.connection, before))
    }

    pub(crate) fn prune(&mut self, before: u64, body: Draft) -> Result<Option<(Prunable, Entry)>, Error> {
        let pruned = self.write(|transaction| {
            let Some(prunable) = prunable(transaction, before)? else { return Ok(None) };
            let Head { id, hash } = prunable.last.clone();
            let body = Draft { anchor: Some(Anchor { id, hash }), ..body };
            let entry = append(transaction, body)?;
            transaction.execute("DELETE FROM entry WHERE id <= ?1", [sql_number(id)?])?;
            Ok(Some((prunable, entry)))
        })?;
        // The log of changes still holds what was removed. If somebody reads just now it goes with the next one.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(pruned)
    }
}

/// Appends an entry behind the head.
fn append(connection: &Connection, body: Draft) -> rusqlite::Result<Entry> {
    let (id, previous) = match head(connection)? {
        Some(head) => (head.id + 1, head.hash),
        None => (1, nothing_before()),
    };
    let entry = canonical::seal(id, previous, body);
    let columns = Columns::of(&entry);
    connection.execute(
        "INSERT INTO entry (id, canonical, hash, time, verb, outcome, ends, service, function, alias)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            sql_number(id)?,
            entry.canonical,
            entry.hash.as_str(),
            sql_number(columns.time)?,
            columns.verb,
            columns.outcome,
            columns.ends.map(sql_number).transpose()?,
            columns.service,
            columns.function,
            columns.alias,
        ],
    )?;
    Ok(entry)
}

/// The last entry, with the hash that was noted when it was written: if its bytes were changed since, the chain still
/// tells what they were.
fn head(connection: &Connection) -> rusqlite::Result<Option<Head>> {
    let head = connection.query_row("SELECT id, hash FROM entry ORDER BY id DESC LIMIT 1", [], |row| {
        Ok(Head { id: number(row, 0)?, hash: digest(row.get(1)?)? })
    });
    head.optional()
}

/// The entries from the first on that are older than `before`, up to the first that is not.
fn prunable(connection: &Connection, before: u64) -> rusqlite::Result<Option<Prunable>> {
    let kept: Option<i64> =
        connection.query_row("SELECT min(id) FROM entry WHERE time >= ?1", [sql_number(before)?], |row| row.get(0))?;
    let kept = kept.unwrap_or(i64::MAX);
    let sql =
        "SELECT id, hash, (SELECT count(*) FROM entry WHERE id < ?1) FROM entry WHERE id < ?1 ORDER BY id DESC LIMIT 1";
    let last = connection.query_row(sql, [kept], |row| {
        let last = Head { id: number(row, 0)?, hash: digest(row.get(1)?)? };
        Ok(Prunable { entries: number(row, 2)?, last })
    });
    last.optional()
}

/// A row of [`ROW`].
fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        place: Some(number(row, 0)?),
        canonical: row.get(1)?,
        hash: Some(row.get(2)?),
        columns: Some(Columns {
            time: number(row, 3)?,
            verb: row.get(4)?,
            outcome: row.get(5)?,
            ends: row.get::<_, Option<i64>>(6)?.map(i64::cast_unsigned),
            service: row.get(7)?,
            function: row.get(8)?,
            alias: row.get(9)?,
        }),
    })
}

/// A number of ours as SQLite has them. Times and numbers of entries never come near the difference.
fn sql_number(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A number of SQLite's. One that is not ours fits nothing and is told as a change.
fn number(row: &SqlRow<'_>, index: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(index)?.cast_unsigned())
}

fn digest(text: String) -> rusqlite::Result<Digest> {
    text.try_into().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            1,
            rusqlite::types::Type::Text,
            Box::<lambark_oci::digest::DigestError>::new(error),
        )
    })
}
