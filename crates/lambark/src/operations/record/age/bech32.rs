//! Bech32 (BIP 173), read: the form in which age writes its keys.

/// The digits: each stands for five bits.
const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Digits of the sum at the end.
const SUM_DIGITS: usize = 6;

/// Longest text that is read: an age key has 62 characters.
const MAX_CHARACTERS: usize = 90;

/// The bytes behind `prefix`, if the text is whole. Only lower case: age writes keys that may be told so.
pub(super) fn decode(prefix: &str, text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_CHARACTERS {
        return None;
    }
    let digits = text.strip_prefix(prefix)?.strip_prefix('1')?.bytes();
    let value = |digit: u8| DIGITS.iter().position(|known| *known == digit).and_then(|value| u8::try_from(value).ok());
    let values: Vec<u8> = digits.map(value).collect::<Option<_>>()?;
    let content = values.len().checked_sub(SUM_DIGITS)?;
    let expanded = prefix.bytes().map(|byte| byte >> 5).chain([0]).chain(prefix.bytes().map(|byte| byte & 31));
    if sum(expanded.chain(values.iter().copied())) != 1 {
        return None;
    }
    bytes(&values[..content])
}

/// The sum over the prefix and all digits, which is 1 if none was mistyped.
fn sum(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let taps = GENERATOR.iter().enumerate().filter(|(bit, _)| (top >> bit) & 1 == 1);
        taps.fold(shifted, |sum, (_, tap)| sum ^ tap)
    })
}

/// Five bits each to eight bits each; what is left over has to be nothing.
fn bytes(values: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut held, mut bits) = (Vec::with_capacity(values.len() * 5 / 8), 0_u32, 0);
    for value in values {
        held = (held << 5) | u32::from(*value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(out)
}
