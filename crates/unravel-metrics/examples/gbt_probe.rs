use std::time::Instant;
use unravel_metrics::estimators::boosting::GradientBoosting;
#[path = "../tests/support/constructed.rs"]
mod constructed;
#[path = "../tests/support/hash.rs"]
mod hash;
fn main() {
    let name = std::env::args().nth(1).unwrap();
    let n: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let codes = constructed::make(&name, constructed::DSPRITES);
    let rows = |s, n: usize| -> Vec<usize> { (0..n as u64).map(|t| (hash::hash(s, t) % 737_280) as usize).collect() };
    let (train, test) = (rows(1000, n), rows(1001, n / 2));
    let x = |r: &[usize]| -> Vec<f32> { r.iter().flat_map(|&i| codes[i * 10..][..10].to_vec()).collect() };
    let (xt, xe) = (x(&train), x(&test));
    let sizes = constructed::DSPRITES;
    let mut stride = 737_280;
    let all = Instant::now();
    for k in 0..5 {
        stride /= sizes[k];
        let y = |r: &[usize]| -> Vec<usize> { r.iter().map(|&i| i / stride % sizes[k]).collect() };
        let t = Instant::now();
        let m = GradientBoosting::default().fit(&xt, 10, &y(&train));
        let fit = t.elapsed();
        let acc = m.accuracy(&xe, &y(&test));
        println!("{k} fit {fit:?} predict {:?} train {:.5} test {acc:.5} imp {:.4?}", t.elapsed() - fit, m.train_accuracy(), m.importances());
    }
    println!("{:?}", all.elapsed());
}
