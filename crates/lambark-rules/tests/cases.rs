//! Every rule on a manifest, a config or a layer: what it finds, what it lets pass, what it cannot judge.

mod support;

use lambark_rules::judge;
use support::image;

#[test]
fn a_good_image_is_accepted() {
    let judgement = judge(&image().facts());
    assert_eq!(judgement.findings, []);
}
