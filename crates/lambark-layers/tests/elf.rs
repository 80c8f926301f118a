//! ELF files: real ones, hand-made ones, hostile ones.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::io::BufReader;

use lambark_layers::limits::ELF_HEAD_BYTES;
use lambark_layers::read_elf;
use lambark_layers::tar::scan;
use lambark_rules::facts::{Elf, GlibcVersion};
use proptest::prelude::*;
use support::Tar;

/// Writes numbers as a file of this class and order has them.
#[derive(Clone, Copy)]
struct Class {
    wide: bool,
    big: bool,
}

impl Class {
    fn number(self, size: usize, value: u64) -> Vec<u8> {
        let bytes = value.to_le_bytes();
        let mut bytes = bytes[..size].to_vec();
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn word(self, value: u64) -> Vec<u8> {
        self.number(if self.wide { 8 } else { 4 }, value)
    }

    fn segment(self, kind: u64, offset: u64, address: u64, size: u64) -> Vec<u8> {
        let (kind, flags) = (self.number(4, kind), self.number(4, 5));
        let [offset, address, size] = [offset, address, size].map(|value| self.word(value));
        let parts: [&[u8]; 9] = if self.wide {
            [&kind, &flags, &offset, &address, &address, &size, &size, &[0; 8], &[]]
        } else {
            [&kind, &offset, &address, &address, &size, &size, &flags, &[0; 4], &[]]
        };
        parts.concat()
    }
}

/// Where the hand-made file has its tables.
#[derive(Clone, Copy)]
struct Places {
    interpreter: usize,
    dynamic: usize,
    strings: usize,
    needed: usize,
    defined: usize,
}

const NEAR: Places = Places { interpreter: 0x200, dynamic: 0x300, strings: 0x500, needed: 0x600, defined: 0x700 };
const BASE: u64 = 0x40_0000;
const STRINGS: &[u8] = b"\0libc.so.6\0libm.so.6\0/opt/lib:$ORIGIN/../lib\0GLIBC_2.34\0GLIBC_2.2.5\0GLIBC_PRIVATE\0";

fn at(name: &str) -> u64 {
    STRINGS.windows(name.len()).position(|window| window == name.as_bytes()).unwrap() as u64
}

/// A file that needs two libraries, has a run path, needs `GLIBC_2.34` and provides `GLIBC_2.2.5`.
fn elf(class: Class, places: Places) -> Vec<u8> {
    let interpreter = b"/lib64/ld.so\0";
    let entries = [
        (1, at("libc.so.6")),
        (1, at("libm.so.6")),
        (29, at("/opt/lib")),
        (5, BASE + places.strings as u64),
        (10, STRINGS.len() as u64),
        (0x6fff_fffe, BASE + places.needed as u64),
        (0x6fff_fffc, BASE + places.defined as u64),
        (0, 0),
        (1, 1),
    ];
    let dynamic: Vec<u8> =
        entries.iter().flat_map(|(tag, value)| [class.word(*tag), class.word(*value)]).flatten().collect();
    let half = |value| class.number(2, value);
    let long = |value| class.number(4, value);
    let needed: Vec<Vec<u8>> = vec![
        [half(1), half(2), long(at("libc.so.6")), long(16), long(0)].concat(),
        [long(0), half(0), half(0), long(at("GLIBC_PRIVATE")), long(16)].concat(),
        [long(0), half(0), half(0), long(at("GLIBC_2.34")), long(0)].concat(),
    ];
    let defined: Vec<Vec<u8>> = vec![
        [half(1), half(0), half(1), half(1), long(0), long(20), long(28)].concat(),
        [long(at("libc.so.6")), long(0)].concat(),
        [half(1), half(0), half(2), half(1), long(0), long(20), long(0)].concat(),
        [long(at("GLIBC_2.2.5")), long(0)].concat(),
    ];
    let parts: [(usize, Vec<u8>); 5] = [
        (places.interpreter, interpreter.to_vec()),
        (places.dynamic, dynamic.clone()),
        (places.strings, STRINGS.to_vec()),
        (places.needed, needed.concat()),
        (places.defined, defined.concat()),
    ];
    let size = parts.iter().map(|(at, bytes)| at + bytes.len()).max().unwrap();
    let mut file = vec![0; size];
    file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 1 + u8::from(class.wide), 1 + u8::from(class.big)]);
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(18, &half(if class.wide { 62 } else { 40 }));
    let (table, entry, count, header) = if class.wide { (32, 54, 56, 64) } else { (28, 42, 44, 52) };
    put(table, &class.word(header));
    put(entry, &half(if class.wide { 56 } else { 32 }));
    put(count, &half(3));
    let segments = [
        class.segment(3, places.interpreter as u64, 0, interpreter.len() as u64),
        class.segment(1, 0, BASE, size as u64),
        class.segment(2, places.dynamic as u64, 0, dynamic.len() as u64),
    ];
    put(usize::try_from(header).unwrap(), &segments.concat());
    for (at, bytes) in &parts {
        put(*at, bytes);
    }
    file
}

fn expected(class: Class) -> Elf {
    Elf {
        machine: if class.wide { 62 } else { 40 },
        interpreter: Some("/lib64/ld.so".into()),
        needed: vec!["libc.so.6".into(), "libm.so.6".into()],
        run_path: vec!["/opt/lib".into(), "$ORIGIN/../lib".into()],
        glibc_needed: Some(GlibcVersion { major: 2, minor: 34 }),
        glibc_provided: Some(GlibcVersion { major: 2, minor: 2 }),
        complete: true,
    }
}

/// What is seen of the file when it comes in pieces.
fn streamed(file: &[u8]) -> Elf {
    let tar = Tar::new().file("f", file).end();
    let mut scan = scan(BufReader::with_capacity(4096, tar.as_slice())).unwrap();
    scan.entries.remove(0).notes.unwrap().elf.unwrap()
}

#[test]
fn both_widths_and_both_orders() {
    for (wide, big) in [(true, false), (true, true), (false, false), (false, true)] {
        let class = Class { wide, big };
        assert_eq!(read_elf(&elf(class, NEAR)), Some(expected(class)), "wide {wide}, big-endian {big}");
    }
}

#[test]
fn tables_behind_the_head_are_kept_in_the_order_of_linkers_and_of_patchers() {
    let class = Class { wide: true, big: false };
    let far = ELF_HEAD_BYTES + 300_000;
    let linked = Places { dynamic: far, ..NEAR };
    let patched = Places { dynamic: far, strings: far + 0x1000, needed: far + 0x40000, defined: far + 0x50000, ..NEAR };
    let straddling = Places { dynamic: ELF_HEAD_BYTES - 20, strings: far, ..NEAR };
    for places in [linked, patched, straddling] {
        let file = elf(class, places);
        assert_eq!(streamed(&file), expected(class));
        assert_eq!(read_elf(&file), Some(expected(class)));
    }
}

#[test]
fn a_beginning_of_tables_alone_is_kept_beyond_the_head() {
    // As in Node.js: four megabytes of symbols before the strings, and a first segment without code.
    let class = Class { wide: true, big: false };
    let far = ELF_HEAD_BYTES + 0x10_0000;
    let places = Places { strings: far, needed: far + 0x1000, defined: far + 0x2000, dynamic: far + 0x20_0000, ..NEAR };
    let mut file = elf(class, places);
    assert!(!streamed(&file).complete);
    let first = class.segment(1, 0, BASE, far as u64 + 0x10_0000);
    let second = class.segment(1, 0, BASE, file.len() as u64);
    let dynamic = file[64 + 2 * 56..64 + 3 * 56].to_vec();
    file[64 + 56..64 + 4 * 56].copy_from_slice(&[first, second, dynamic].concat());
    file[56] = 4;
    assert!(!streamed(&file).complete, "code may be in it");
    file[64 + 56 + 4] = 4;
    assert_eq!(streamed(&file), expected(class));
}

#[test]
fn what_has_passed_is_missed_and_said_so() {
    let class = Class { wide: true, big: false };
    let far = ELF_HEAD_BYTES + 300_000;
    // The strings come before the section that tells where they are.
    let file = elf(class, Places { strings: far, dynamic: far + 0x60000, ..NEAR });
    let found = streamed(&file);
    assert!(!found.complete);
    assert_eq!((found.interpreter.as_deref(), found.needed.len()), (Some("/lib64/ld.so"), 0));
}

#[test]
fn cut_anywhere_it_is_incomplete_or_the_same() {
    let class = Class { wide: true, big: false };
    let file = elf(class, NEAR);
    for at in 4..file.len() {
        let found = read_elf(&file[..at]).unwrap();
        assert!(!found.complete, "cut at {at}: {found:?}");
    }
    assert_eq!(read_elf(b"\x7fEL"), None);
}

#[test]
fn lists_that_are_circles_end() {
    let class = Class { wide: true, big: false };
    let mut file = elf(class, NEAR);
    // The first library's list goes on at its own record, 2^32 - 16 + 16 further: an offset that only wraps; and then
    // one that stays in place by a step of one byte over zeros.
    file[NEAR.needed + 12..NEAR.needed + 16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(!read_elf(&file).unwrap().complete);
    file.resize(1 << 20, 1);
    file[NEAR.needed + 12..NEAR.needed + 16].copy_from_slice(&1_u32.to_le_bytes());
    file[NEAR.needed + 2..NEAR.needed + 4].copy_from_slice(&u16::MAX.to_le_bytes());
    assert!(!read_elf(&file).unwrap().complete);
}

#[test]
fn a_thousand_entries_for_one_long_name_are_not_all_kept() {
    let class = Class { wide: true, big: false };
    let mut file = elf(class, Places { dynamic: 0x2000, strings: 0x1000, ..NEAR });
    file.resize(0x2000, 0);
    file[0x1000..0x1fff].fill(b'x');
    let needed: Vec<u8> = std::iter::repeat_n([class.word(1), class.word(0)].concat(), 1000).flatten().collect();
    let tables = [5, BASE + 0x1000, 10, 0x1000, 0, 0].map(|value| class.word(value)).concat();
    file.extend(&needed);
    file.extend(&tables);
    let dynamic = class.segment(2, 0x2000, 0, (needed.len() + tables.len()) as u64);
    file[64 + 2 * 56..64 + 3 * 56].copy_from_slice(&dynamic);
    let size = file.len() as u64;
    file[64 + 56..64 + 2 * 56].copy_from_slice(&class.segment(1, 0, BASE, size));
    let found = read_elf(&file).unwrap();
    assert!(!found.complete);
    assert!((1..20).contains(&found.needed.len()), "{}", found.needed.len());
}

#[test]
fn this_test_itself() {
    let file = fs::read(std::env::current_exe().unwrap()).unwrap();
    let Some(found) = read_elf(&file) else {
        return lambark_parts::skip("programs of this system are no ELF files");
    };
    let machine = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        assert_eq!(found.machine, machine);
    }
    assert!(found.complete);
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        assert!(found.interpreter.is_some_and(|path| path.contains("/ld-linux")));
        assert!(found.needed.iter().any(|name| &**name == "libc.so.6"), "{:?}", found.needed);
        assert!(found.glibc_needed.is_some_and(|version| version.major == 2));
        assert_eq!(found.glibc_provided, None);
    }
}

#[test]
fn the_system_s_c_library() {
    let places = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"];
    let Some(file) = places.iter().find_map(|path| fs::read(path).ok()) else {
        return lambark_parts::skip("there is no GNU C library at the usual places");
    };
    let found = read_elf(&file).unwrap();
    assert!(found.complete);
    assert!(found.glibc_provided.is_some_and(|version| version >= GlibcVersion { major: 2, minor: 17 }), "{found:?}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let file = [b"\x7fELF", &bytes[..]].concat();
        prop_assert!(read_elf(&file).is_some());
    }

    #[test]
    fn damaged_files_do_no_harm(
        wide in any::<bool>(),
        big in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = elf(Class { wide, big }, NEAR);
        for (at, byte) in damage {
            let at = 4 + at.index(file.len() - 4);
            file[at] = byte;
        }
        let found = read_elf(&file).unwrap();
        prop_assert!(found.needed.len() <= 4);
    }
}
