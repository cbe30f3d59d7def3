//! Times infomec.
#[path = "../tests/support/mod.rs"]
mod support;
use std::time::Instant;
use unravel_metrics::*;
fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    for name in names {
        let codes = support::constructed::make(&name, support::constructed::DSPRITES);
        let lv = support::constructed::logvars(support::constructed::DSPRITES);
        let lv: Vec<f32> = lv.iter().map(|x| (x + 4.0) * 8.0 - 4.0).collect();
        let table = CodeTable::new(&codes, 10, &support::constructed::DSPRITES)
            .unwrap()
            .with_logvars(&lv)
            .unwrap();
        for (metric, variant) in [
            (Metric::Infomec, Variant::Study),
            (Metric::Infomec, Variant::Exact),
            (Metric::MigChen, Variant::Study),
            (Metric::MigChen, Variant::Exact),
        ] {
            let t = Instant::now();
            let o = score(metric, variant, &table, 0).unwrap();
            println!(
                "{name} {metric:?} {variant:?} {:.2?} {:?}",
                t.elapsed(),
                o.quantities
            );
            if let Some(m) = o.matrix("explained_share_of_entropy") {
                println!("{:?}", m.values);
            }
        }
    }
}
