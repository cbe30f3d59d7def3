//! `unravel worker`: trains and scores one cohort; started by a launcher.
//!
//! On the orchestrator's machine, the first line of stdin is the order. A later line `stop` asks the worker to save and
//! end. The end of stdin means that the orchestrator has ended, and the worker exits immediately. Events are written to
//! stdout, one per line.
//!
//! On a node of a cluster, order and events are files (`--order`, `--events`).
//!
//! In both cases, SIGTERM, SIGINT and SIGHUP ask the worker to save and end.

mod event_file;

use std::fmt::Display;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::SIGUSR1;
use unravel_model::Cpu;
use unravel_store::{Event, Order};
use unravel_worker::reporter::Reporter;
use unravel_worker::{End, WorkerError, device};

use crate::exit::{Exit, Failure};
use crate::{interrupt, limits};
use event_file::EventFile;

/// Maximum size of an order; an order of 100,000 trials has about half of it.
const MAX_ORDER_BYTES: u64 = 256 << 20;

/// The files of the order and the events [default: stdin and stdout].
#[derive(clap::Args, Debug)]
pub struct WorkerArgs {
    /// The file with the order
    #[arg(long, value_name = "FILE", requires = "events")]
    order: Option<PathBuf>,
    /// Beginning of the path of the events file
    #[arg(long, value_name = "PREFIX", requires = "order")]
    events: Option<PathBuf>,
    /// Number of threads, instead of the number in the order
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

/// Where events go.
type Emit = Box<dyn FnMut(&Event)>;

/// Executes an order.
pub fn worker(args: &WorkerArgs) -> Result<Exit, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signals(&stop)?;
    let (mut order, mut emit): (Order, Emit) = match (&args.order, &args.events) {
        (Some(order), Some(events)) => {
            let mut file = EventFile::create(events, &host_name())?;
            (
                order_in_file(order)?,
                Box::new(move |event| file.say(event)),
            )
        }
        _ => (read_order()?, Box::new(say)),
    };
    if let Some(threads) = args.threads {
        order.threads = usize::from(threads);
    }
    emit(&Event::Started {
        pid: std::process::id(),
        host: host_name(),
        device: match order.device.as_str() {
            "cpu" => device::describe_cpu(),
            other => other.to_owned(),
        },
    });
    let heartbeat = Duration::from_secs_f64(order.heartbeat_every_secs);
    let mut reporter = Reporter::new(&mut *emit, &stop, heartbeat);
    let end = limits::within(|| {
        if args.order.is_none() {
            watch_stdin(Arc::clone(&stop), order.supervised)?;
        }
        work(&order, &mut reporter)
    });
    let last = match end.unwrap_or_else(|reason| Err(limit(reason))) {
        Ok(End::Finished) => Event::Finished,
        Ok(End::Stopped) => Event::Stopped,
        Err(error) => Event::Failed {
            cause: error.cause(),
            reason: error.to_string(),
        },
    };
    emit(&last);
    let is_failed = matches!(last, Event::Failed { .. });
    Ok(if is_failed {
        Exit::TrialsFailed
    } else {
        Exit::Success
    })
}

fn limit(reason: impl Display) -> WorkerError {
    WorkerError::Machine {
        reason: reason.to_string(),
    }
}

fn work(order: &Order, reporter: &mut Reporter<'_>) -> Result<End, WorkerError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(order.threads)
        .build_global()
        .map_err(|error| limit(format_args!("cannot start threads: {error}")))?;
    let cuda_index = order
        .device
        .strip_prefix("cuda:")
        .and_then(|index| index.parse().ok());
    match (order.device.as_str(), cuda_index) {
        ("cpu", _) => {
            let name = device::describe_cpu();
            unravel_worker::run::<Cpu>(order, &Default::default(), &name, reporter)
        }
        (_, Some(index)) => unravel_cuda::run(order, index, reporter),
        (other, None) => {
            let reason = format!(
                "unknown device `{other}` in the order; use the same version of unravel for `run` and its workers"
            );
            Err(WorkerError::Device { reason })
        }
    }
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
            "no valid order on stdin ({why}); start workers with `unravel run`"
        ))
    })
}

fn order_in_file(path: &Path) -> Result<Order, Failure> {
    Order::read(path).map_err(Failure::from)
}

/// Sets `stop` on the signals of a user, of a system that shuts down, and of a cluster at the time limit.
fn stop_on_signals(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    for signal in interrupt::signals().into_iter().chain([SIGUSR1]) {
        signal_hook::flag::register(signal, Arc::clone(stop))
            .map_err(|error| Failure::usage(format!("cannot listen for signals: {error}")))?;
    }
    Ok(())
}

/// Reads stdin after the order, on a thread.
fn watch_stdin(stop: Arc<AtomicBool>, is_supervised: bool) -> Result<(), WorkerError> {
    let listen = move || {
        for line in std::io::stdin().lock().lines() {
            match line {
                Ok(line) if line.trim() == "stop" => stop.store(true, Ordering::Relaxed),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        if is_supervised {
            // The files are consistent at any time, so there is nothing to clean up.
            std::process::exit(Exit::Interrupted as i32);
        }
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(listen)
        .map_err(|error| {
            limit(format_args!(
                "cannot start the thread that listens: {error}"
            ))
        })?;
    Ok(())
}

/// Writes an event to stdout as one line. Exits if stdout is closed.
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
