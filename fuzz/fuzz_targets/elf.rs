#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lambark_testkit::fuzz::elf(data));
