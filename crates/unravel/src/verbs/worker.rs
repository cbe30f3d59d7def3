//! `unravel worker`: one cohort, as the orchestrator starts it.
//!
//! The first line of stdin is the order. Afterwards a line `stop` asks to save and end, and the end of stdin means that
//! the orchestrator is gone: then so is this process, at once. Events go to stdout, a line each.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use unravel_model::Cpu;
use unravel_store::order::FailureCause;
use unravel_store::{Event, Order};
use unravel_worker::reporter::Reporter;
use unravel_worker::{End, WorkerError, device};

use crate::exit::{Exit, Failure};

/// Longest order that is read: 100,000 trials have about half of it.
const MAX_ORDER_BYTES: u64 = 256 << 20;

/// Works off the order on stdin.
pub fn worker() -> Result<Exit, Failure> {
    let order = read_order()?;
    let stop = Arc::new(AtomicBool::new(false));
    watch_stdin(Arc::clone(&stop), order.supervised);
    let mut emit = |event: &Event| say(event);
    emit(&Event::Started {
        pid: std::process::id(),
        host: host_name(),
        device: match order.device.as_str() {
            "cpu" => device::describe_cpu(),
            other => other.to_owned(),
        },
    });
    let heartbeat = Duration::from_secs_f64(order.heartbeat_every_secs);
    let mut reporter = Reporter::new(&mut emit, &stop, heartbeat);
    let last = match work(&order, &mut reporter) {
        Ok(End::Finished) => Event::Finished,
        Ok(End::Stopped) => Event::Stopped,
        Err((cause, reason)) => Event::Failed { cause, reason },
    };
    emit(&last);
    let is_failed = matches!(last, Event::Failed { .. });
    Ok(if is_failed {
        Exit::TrialsFailed
    } else {
        Exit::Success
    })
}

fn work(order: &Order, reporter: &mut Reporter<'_>) -> Result<End, (FailureCause, String)> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(order.threads)
        .build_global()
        .map_err(|error| {
            (
                FailureCause::Internal,
                format!("cannot start threads: {error}"),
            )
        })?;
    let cuda_index = order
        .device
        .strip_prefix("cuda:")
        .and_then(|index| index.parse().ok());
    let end = match (order.device.as_str(), cuda_index) {
        ("cpu", _) => {
            let name = device::describe_cpu();
            unravel_worker::run::<Cpu>(order, &Default::default(), &name, reporter)
        }
        (_, Some(index)) => unravel_cuda::run(order, index, reporter),
        (other, None) => {
            let reason = format!("this program cannot compute on `{other}`");
            Err(WorkerError::Device { reason })
        }
    };
    end.map_err(|error| (error.cause(), error.to_string()))
}

fn read_order() -> Result<Order, Failure> {
    let mut line = String::new();
    let read = std::io::Read::take(std::io::stdin().lock(), MAX_ORDER_BYTES).read_line(&mut line);
    let order = match read {
        Ok(_) => serde_json::from_str::<Order>(&line).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let order = order.and_then(|order| match order.fault() {
        Some(fault) => Err(fault.to_owned()),
        None => Ok(order),
    });
    order.map_err(|why| {
        Failure::usage(format!(
            "no order on stdin ({why}); workers are started by `unravel run`"
        ))
    })
}

/// Heeds what comes on stdin after the order.
fn watch_stdin(stop: Arc<AtomicBool>, is_supervised: bool) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            match line {
                Ok(line) if line.trim() == "stop" => stop.store(true, Ordering::Relaxed),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        if is_supervised {
            // What is on the disk is whole at every moment, so there is nothing to tidy up.
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}

/// One line to stdout. Where nobody listens any more, the process ends.
fn say(event: &Event) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{}", event.to_line()).and_then(|()| stdout.flush());
    if written.is_err() {
        std::process::exit(Exit::Interrupted as i32);
    }
}

fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}
