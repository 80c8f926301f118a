//! What stands in front of a header to say what it has no room for: PAX records, GNU long names.

use crate::limits::MAX_PATH_BYTES;

/// All that extension headers said of the entry behind them.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    /// When it was last changed, in whole seconds since 1970.
    pub(super) modified: Option<u64>,
    /// A sparse file's size with its holes.
    pub(super) real_size: Option<u64>,
    /// Whether the content is a sparse file's, not the file itself.
    pub(super) sparse: bool,
    gnu_path: Option<Vec<u8>>,
    gnu_link: Option<Vec<u8>>,
    sparse_path: Option<Vec<u8>>,
}

/// Why a PAX record cannot be used.
pub(super) type Reason = String;

impl Extensions {
    pub(super) fn set_gnu_path(&mut self, content: &[u8]) {
        self.gnu_path = Some(until_nul(content));
    }

    pub(super) fn set_gnu_link(&mut self, content: &[u8]) {
        self.gnu_link = Some(until_nul(content));
    }

    /// The path, if any extension has it: the name of a sparse file before PAX before GNU.
    pub(super) fn take_path(&mut self) -> Option<Vec<u8>> {
        self.sparse_path.take().or_else(|| self.path.take()).or_else(|| self.gnu_path.take())
    }

    /// The link's target, if any extension has it.
    pub(super) fn take_link(&mut self) -> Option<Vec<u8>> {
        self.link.take().or_else(|| self.gnu_link.take())
    }

    /// Reads a PAX header's records: `length key=value\n`, again and again.
    pub(super) fn read_pax(&mut self, mut content: &[u8]) -> Result<(), Reason> {
        while !content.is_empty() {
            let (key, value, rest) = record(content).ok_or("a PAX record is malformed")?;
            self.set(key, value)?;
            content = rest;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), Reason> {
        match key {
            b"path" => self.path = text(key, value)?,
            b"linkpath" => self.link = text(key, value)?,
            b"GNU.sparse.name" => self.sparse_path = text(key, value)?,
            b"uid" => self.uid = number(key, value)?,
            b"gid" => self.gid = number(key, value)?,
            b"mtime" => self.modified = value.split(|byte| *byte == b'.').next().and_then(decimal),
            b"size" => {
                let size = number(key, value)?;
                // Readers disagree on which of two counts, and with it on where the next entry begins.
                if self.size.is_some() && self.size != size {
                    return Err("its PAX header gives two different sizes".to_owned());
                }
                self.size = size;
            }
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => {
                self.real_size = number(key, value)?;
                self.sparse = true;
            }
            b"GNU.sparse.major" | b"GNU.sparse.map" | b"GNU.sparse.numblocks" => self.sparse = true,
            _ => {}
        }
        Ok(())
    }
}

/// The first record's key and value, and what follows it.
fn record(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    // No record is as long as eight digits could say: the header's size is limited.
    let space = content.iter().take(9).position(|byte| *byte == b' ')?;
    let length: usize = decimal(&content[..space]).and_then(|length| usize::try_from(length).ok())?;
    let (newline, record) = content.get(space + 1..length)?.split_last()?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = record.split_at(equals);
    (*newline == b'\n').then(|| (key, &value[1..], &content[length..]))
}

/// An empty value takes back what was said before.
fn text(key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>, Reason> {
    if value.contains(&0) {
        return Err(format!("its PAX record `{}` has a NUL in it", key.escape_ascii()));
    }
    Ok((!value.is_empty()).then(|| value.to_vec()))
}

fn number(key: &[u8], value: &[u8]) -> Result<Option<u64>, Reason> {
    if value.is_empty() {
        return Ok(None);
    }
    let bad = || format!("its PAX record `{}` is no number: {}", key.escape_ascii(), shortened(value).escape_ascii());
    decimal(value).map(Some).ok_or_else(bad)
}

fn shortened(value: &[u8]) -> &[u8] {
    &value[..value.len().min(40)]
}

/// Decimal digits and nothing else, up to the largest signed number, as file sizes are signed.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        if !digit.is_ascii_digit() {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })?;
    i64::try_from(value).is_ok().then_some(value)
}

/// A GNU long name, with one byte more than is allowed so that its reader sees that it is too long.
fn until_nul(content: &[u8]) -> Vec<u8> {
    content.split(|byte| *byte == 0).next().unwrap_or_default().iter().take(MAX_PATH_BYTES + 1).copied().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(content: &str) -> Result<Extensions, Reason> {
        let mut extensions = Extensions::default();
        extensions.read_pax(content.as_bytes()).map(|()| extensions)
    }

    #[test]
    fn records_are_read_and_taken_back() {
        let mut found = read("12 path=a/b\n14 linkpath=c\n12 size=123\n9 uid=10\n14 mtime=12.5\n").unwrap();
        assert_eq!((found.size, found.uid, found.gid), (Some(123), Some(10), None));
        assert_eq!((found.modified, read("12 mtime=-5\n").unwrap().modified), (Some(12), None));
        assert_eq!(found.take_path().unwrap(), b"a/b");
        assert_eq!(found.take_link().unwrap(), b"c");
        assert_eq!(read("12 path=a/b\n8 path=\n").unwrap().take_path(), None);
        assert_eq!(read("12 size=123\n12 size=123\n").unwrap().size, Some(123));
    }

    #[test]
    fn pax_counts_before_gnu() {
        let mut found = read("10 path=p\n").unwrap();
        found.set_gnu_path(b"g\0junk");
        assert_eq!(found.take_path().unwrap(), b"p");
        assert_eq!(found.take_path().unwrap(), b"g");
    }

    #[test]
    fn bogus_records_are_errors() {
        for bad in [
            "x",
            "12 path=a/b",
            "13 path=a/b\n",
            "0 path=a\n",
            "+9 path=a\n",
            "99999999999999999999 path=a\n",
            "3 \n",
            "7 path\n",
            "10 size=-\n",
            "11 size=-1\n",
            "12 size=1e3\n",
            "29 size=18446744073709551615\n",
            "12 size=123\n12 size=124\n",
            "13 path=a\0bc\n",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
