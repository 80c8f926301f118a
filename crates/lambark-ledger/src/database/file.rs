//! The database's file: made, opened, recognised, brought up to date.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::Error;
use crate::limits::{BUSY_MILLISECONDS, MAX_ROW_BYTES};
use crate::verify::Fault;

/// What marks a database as a ledger, in the field that SQLite has for that: `lbrk`.
const APPLICATION: u32 = 0x6c62_726b;

/// Each brings the database from the format before to the next; the first makes format 1.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY,
        canonical BLOB NOT NULL,
        hash TEXT NOT NULL,
        time INTEGER NOT NULL,
        verb TEXT NOT NULL,
        outcome TEXT NOT NULL,
        ends INTEGER,
        service TEXT,
        function TEXT,
        alias TEXT
    ) STRICT;
    CREATE INDEX entry_by_time ON entry (time);
    CREATE INDEX entry_by_function ON entry (function);
    CREATE INDEX entry_by_end ON entry (ends);
"];

/// What may lie in the database: a trigger, for instance, could change entries as they are written.
const OURS: [&str; 4] = ["entry", "entry_by_time", "entry_by_function", "entry_by_end"];

/// Opens the database for reading and appending; makes it if it is not there.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    if !is_there(path)? {
        make(path)?;
    }
    private(path)?;
    let written = |error: rusqlite::Error| Error::of_sqlite(path, true, &error);
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(written)?;
    set_up(&connection).map_err(written)?;
    known(path, &connection)?;
    migrate(&mut connection).map_err(written)?;
    Ok(connection)
}

/// Opens the database for reading alone.
pub(super) fn open_read_only(path: &Path) -> Result<Connection, Error> {
    if !is_there(path)? {
        return Err(Error::Missing { path: path.to_owned() });
    }
    let read = |error: rusqlite::Error| Error::of_sqlite(path, false, &error);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(read)?;
    let connection = match set_up(&connection).and_then(|()| version(&connection)) {
        Ok(_) => connection,
        // Readers leave a mark beside the file, which is not possible everywhere. Without a log of changes beside it
        // the file is whole, and is read as one that nobody changes.
        Err(_) if fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len()) == 0 => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            let connection = Connection::open_with_flags(unchanging(path), flags).map_err(read)?;
            set_up(&connection).map_err(read)?;
            connection
        }
        Err(error) => return Err(read(error)),
    };
    known(path, &connection)?;
    Ok(connection)
}

/// Whether the file is there; one that is not a ledger is refused before SQLite touches it.
fn is_there(path: &Path) -> Result<bool, Error> {
    /// SQLite's header, up to the end of the field for the application.
    const HEADER_BYTES: usize = 72;
    let no = |reason| Err(Error::NotALedger { path: path.to_owned(), reason });
    let mut header = Vec::with_capacity(HEADER_BYTES);
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return no("it is not a file"),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::of_read(path, &error)),
    }
    let file = File::open(path).map_err(|error| Error::of_read(path, &error))?;
    file.take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(|error| Error::of_read(path, &error))?;
    if header.is_empty() {
        return no("it is empty; where no file is, a ledger is made");
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return no("it is no database");
    }
    if header.get(68..HEADER_BYTES) != Some(&APPLICATION.to_be_bytes()) {
        return no("it is a database of another program");
    }
    Ok(true)
}

/// Makes an empty ledger under another name and moves it to its own when it is whole. If somebody else was faster,
/// theirs stays.
fn make(path: &Path) -> Result<(), Error> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_directories(directory).map_err(|error| Error::of_write(path, &error))?;
    // The mode of a temporary file is 0600, and what SQLite makes beside a file has the mode of the file.
    let file = tempfile::Builder::new().prefix(".ledger-").tempfile_in(directory);
    let file = file.map_err(|error| Error::of_write(path, &error))?.into_temp_path();
    let made = Connection::open(&file).and_then(|mut connection| {
        // Until it has its name nobody misses it: one wait for the disk at the end is enough.
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
        migrate(&mut connection)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.close().map_err(|(_, error)| error)
    });
    made.map_err(|error| Error::of_sqlite(path, true, &error))?;
    File::open(&file).and_then(|file| file.sync_all()).map_err(|error| Error::of_write(path, &error))?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(Error::of_write(path, &error.error)),
        // The name has to survive a loss of power too. Not every file system can be told so.
        _ => {
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
            Ok(())
        }
    }
}

#[cfg(unix)]
fn make_directories(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_directories(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Takes the file away from everybody else.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::metadata(&path) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                let private = fs::set_permissions(&path, fs::Permissions::from_mode(0o600));
                private.map_err(|error| Error::of_write(&path, &error))?;
            }
            // What comes and goes beside the ledger may just have gone.
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), Error> {
    Ok(())
}

/// A file that SQLite keeps beside the database.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The address of a file that nobody changes.
fn unchanging(path: &Path) -> String {
    let mut address = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address.push_str("?immutable=1");
    address
}

/// What holds as long as the connection.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // Whatever somebody wrote into the file: it does not take the memory of this machine.
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_ROW_BYTES)?;
    connection.busy_timeout(Duration::from_millis(BUSY_MILLISECONDS))?;
    // An entry is on the disk before the request that it tells of is sent.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is removed is overwritten.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Refuses what a newer lambark wrote.
fn known(path: &Path, connection: &Connection) -> Result<(), Error> {
    let found = version(connection).map_err(|error| Error::of_sqlite(path, false, &error))?;
    if found > MIGRATIONS.len() {
        let (found, known) = (found as u64, MIGRATIONS.len() as u64);
        return Err(Error::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// Brings the database to the newest format.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? >= MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it meanwhile.
    let done = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()
}

/// What is wrong with the file itself.
pub(super) fn faults(connection: &Connection) -> Vec<Fault> {
    let told = |sql: &str| {
        connection.prepare(sql).and_then(|mut statement| {
            statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<String>>>()
        })
    };
    let mut faults = Vec::new();
    match told("PRAGMA quick_check(10)") {
        Ok(lines) => faults.extend(lines.into_iter().filter(|line| line != "ok").map(Fault::file)),
        Err(error) => faults.push(Fault::file(error.to_string())),
    }
    match told("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'") {
        Ok(names) => faults.extend(
            names
                .into_iter()
                .filter(|name| !OURS.contains(&name.as_str()))
                .map(|name| Fault::file(format!("the database holds `{name}`, which lambark did not make"))),
        ),
        Err(error) => faults.push(Fault::file(error.to_string())),
    }
    faults
}
