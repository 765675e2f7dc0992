//! The first hundred bytes of an SQLite file: is it one, is it ours, is it all there?

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::migrate;
use super::sqlite::APPLICATION_ID;
use crate::error::{Context as _, Error, Result};

/// What the first hundred bytes of an SQLite file say (fileformat2.html, "The Database Header").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    page_bytes: u64,
    pages: u64,
    size: u64,
}

impl Header {
    /// Reads and checks a header in constant time. `wal_bytes` is the length of the log beside it: pages may
    /// still be there alone. The error is the sentence's middle: what is wrong with the file.
    pub(super) fn read(path: &Path, wal_bytes: u64) -> Result<std::result::Result<Self, String>> {
        let mut file = File::open(path).context("opening the database")?;
        let size = file.metadata().context("measuring the database")?.len();
        let mut bytes = [0; 100];
        if size < 100 {
            return Ok(Err(format!("it has {size} bytes and no header")));
        }
        file.read_exact(&mut bytes).context("reading the database's header")?;
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if bytes[..16] != *b"SQLite format 3\0" {
            return Ok(Err("it does not begin as a database does".into()));
        }
        let page_bytes = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            other => u64::from(other),
        };
        if !page_bytes.is_power_of_two() || page_bytes < 512 || !(1..=2).contains(&bytes[18]) {
            return Ok(Err("its header makes no sense".into()));
        }
        if word(68) != APPLICATION_ID {
            return Err(Error::conflict(
                "database_foreign",
                format!("{} is a database of another program.", path.display()),
            ));
        }
        #[expect(clippy::cast_possible_wrap, reason = "SQLite keeps it signed")]
        let version = word(60) as i32;
        if version > migrate::SCHEMA_VERSION {
            return Err(migrate::newer(version));
        }
        let header = Self { page_bytes, pages: u64::from(word(28)), size };
        Ok(header.measure(wal_bytes).map(|()| header))
    }

    fn measure(self, wal_bytes: u64) -> std::result::Result<(), String> {
        let wanted = self.pages * self.page_bytes;
        // A page in the log has a header of 24 bytes.
        let elsewhere = wal_bytes / (self.page_bytes + 24) * self.page_bytes;
        if self.size + elsewhere < wanted {
            return Err(format!("it has {} bytes of {wanted}", self.size));
        }
        if wal_bytes == 0 && !self.size.is_multiple_of(self.page_bytes) {
            return Err("its last page is incomplete".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_a_short_file_from_a_whole_one() {
        let whole = Header { page_bytes: 4096, pages: 10, size: 40_960 };
        assert!(whole.measure(0).is_ok());
        assert!(Header { size: 36_864, ..whole }.measure(0).is_err());
        assert!(Header { size: 40_961, ..whole }.measure(0).is_err());
        // The missing page may be in the log.
        assert!(Header { size: 36_864, ..whole }.measure(4096 + 24 + 32).is_ok());
        assert!(Header { size: 20_480, ..whole }.measure(4096 + 24 + 32).is_err());
    }
}
