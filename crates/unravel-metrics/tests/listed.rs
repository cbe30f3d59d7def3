//! Tables of listed points: the same points as a grid score as the grid does, in any order and however often all of them
//! are listed, and what needs points that agree takes those that do.

use unravel_metrics::{CodeTable, FactorGrid, Metric, MetricError, Variant, score};

const SIZES: [usize; 3] = [3, 4, 6];
const N_POINTS: usize = 72;
const N_CODES: usize = 3;

/// What is computed of shares, which stay the same where every row is there twice.
const COUNTED: [Metric; 5] = [
    Metric::Mig,
    Metric::Modularity,
    Metric::MigSup,
    Metric::Jemmig,
    Metric::Dcimig,
];

/// The values of a point.
fn values(point: usize) -> [u32; 3] {
    [point / 24, point / 6 % 4, point % 6].map(|value| value as u32)
}

/// Codes of a point: a factor, a mixture of two, a bent one with something irregular.
fn codes(point: usize) -> [f32; N_CODES] {
    let [a, b, c] = values(point).map(|value| value as f32);
    [
        a - 1.0,
        b + 0.4 * c,
        (1.3 * c).sin() + 0.1 * ((point * 37 % 11) as f32),
    ]
}

fn logvars(point: usize) -> [f32; N_CODES] {
    [-4.0, -3.0 + 0.1 * (point % 5) as f32, -2.0]
}

/// The exact score of the points in this order.
fn listed(metric: Metric, points: &[usize]) -> Vec<f64> {
    let grid = FactorGrid::of_rows(&SIZES, points.iter().flat_map(|&p| values(p)).collect());
    score_of(metric, grid.unwrap(), points)
}

fn score_of(metric: Metric, grid: FactorGrid, points: &[usize]) -> Vec<f64> {
    let means: Vec<f32> = points.iter().flat_map(|&point| codes(point)).collect();
    let logvars: Vec<f32> = points.iter().flat_map(|&point| logvars(point)).collect();
    let table = CodeTable::over(&means, N_CODES, grid).unwrap();
    let table = table.with_logvars(&logvars).unwrap();
    let outcome = score(metric, Variant::Exact, &table, 0).unwrap();
    outcome
        .quantities
        .into_iter()
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn all_points_of_a_grid_score_as_the_grid() {
    let in_order: Vec<usize> = (0..N_POINTS).collect();
    let shuffled: Vec<usize> = (0..N_POINTS).map(|i| i * 29 % N_POINTS).collect();
    let exact = Metric::ALL
        .into_iter()
        .filter(|metric| metric.variants().contains(&Variant::Exact));
    for metric in exact {
        let grid = score_of(metric, FactorGrid::new(&SIZES).unwrap(), &in_order);
        let mut lists = vec![in_order.clone()];
        // The noise that tells equal codes apart goes by rows, and a margin classifier stops within its tolerance.
        if !matches!(metric, Metric::Infomec | Metric::Sap) {
            lists.push(shuffled.clone());
        }
        if COUNTED.contains(&metric) {
            lists.push([in_order.clone(), in_order.clone()].concat());
        }
        for points in lists {
            for (found, expected) in listed(metric, &points).iter().zip(&grid) {
                let name = metric.name();
                assert!(
                    (found - expected).abs() < 1e-9,
                    "{name}: {found} for {expected}"
                );
            }
        }
    }
}

#[test]
fn fixed_factors_are_drawn_where_enough_rows_agree() {
    // Of every second point 12 have each value of the first factor and of the last, and 9 each of the middle one.
    let points: Vec<usize> = (0..N_POINTS).step_by(2).collect();
    let table = |points: &[usize], codes: &mut Vec<f32>| {
        codes.extend(points.iter().flat_map(|&point| self::codes(point)));
        FactorGrid::of_rows(&SIZES, points.iter().flat_map(|&p| values(p)).collect()).unwrap()
    };
    let mut means = Vec::new();
    let grid = table(&points, &mut means);
    assert_eq!(grid.n_matching(), 2);
    let enough = CodeTable::over(&means, N_CODES, grid).unwrap();
    for metric in [Metric::BetaVaeScore, Metric::FactorVaeScore] {
        let first = score(metric, Variant::Study, &enough, 0).unwrap();
        assert!((0.5..=1.0).contains(&first.headline()), "{}", metric.name());
        assert_eq!(first, score(metric, Variant::Study, &enough, 0).unwrap());
    }
    let mut means = Vec::new();
    let grid = table(&points[..24], &mut means);
    let few = CodeTable::over(&means, N_CODES, grid).unwrap();
    let error = score(Metric::FactorVaeScore, Variant::Study, &few, 0).unwrap_err();
    assert!(
        matches!(error, MetricError::TooFewMatching { .. }),
        "{error}"
    );
    assert!(error.is_refusal());
    assert!(score(Metric::Mig, Variant::Study, &few, 0).is_ok());
}
