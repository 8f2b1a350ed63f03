//! How many instructions the api and the worker spend on an operation, counted by callgrind: no
//! neighbour of this machine disturbs such a figure. Machines like ours have no hardware counters,
//! or `perf stat` would do.

use crate::bench::Bench;
use crate::driver::{Extent, Pace};
use crate::loads::{Users, accept, read, replay, subscribe};
use crate::number::float;
use crate::scenario::{Scenario, Work, drive};
use crate::stack::{Program, READERS, Servers, Stack};
use anyhow::{Context, Result, ensure};
use std::process::Command;
use std::time::Duration;

/// Operations before it is counted, so that what is done once is done.
const WARM_UP: u64 = 300;
const COUNTED: u64 = 1_500;

/// With more clients, answers would take longer than the api waits for them.
const CLIENTS_MAX: usize = 16;

fn counted(chosen: &[Scenario]) -> impl Iterator<Item = &Scenario> {
    chosen.iter().filter(|scenario| match scenario.work {
        Work::Subscribe | Work::Replay | Work::Read => {
            scenario.servers == Servers::Product(1) && scenario.clients <= CLIENTS_MAX
        }
        work => work == Work::Drain,
    })
}

/// Adds figures `instructions_api` and `instructions_worker` to the last sample of each scenario.
pub(crate) async fn count(bench: &mut Bench, stack: &mut Stack, chosen: &[Scenario]) -> Result<()> {
    stack.callgrind = true;
    stack.need(Servers::Product(1)).await?;
    for scenario in counted(chosen) {
        let done = count_one(bench, stack, scenario).await;
        done.with_context(|| format!("instructions of {}", scenario.name))?;
    }
    stack.callgrind = false;
    stack.stop().await
}

async fn count_one(bench: &mut Bench, stack: &mut Stack, scenario: &Scenario) -> Result<()> {
    let users = stack.database.users(WARM_UP + 2 * COUNTED).await?;
    let (clients, run, first) = (scenario.clients, bench.next_run(), users.next());
    let send = async |count| {
        let (users, extent) = (users.clone(), Extent::Requests(count));
        let load = match scenario.work {
            // The same users each time.
            Work::Replay => replay(&Users::new(first, i64::MAX - 1), run, clients),
            Work::Read => read(1..=READERS, run.into()),
            Work::Drain => accept(users, run),
            _ => subscribe(users, run),
        };
        let sample = drive(stack, clients, Pace::Closed, extent, load).await?;
        ensure!(sample.invalid.is_none(), "{:?}", sample.invalid);
        Ok(())
    };
    if scenario.work == Work::Replay {
        for _ in 0..clients {
            users.take();
        }
    }
    send(WARM_UP).await?;
    for program in &stack.running {
        control(&["-z"], program)?;
    }
    if scenario.work == Work::Drain {
        stack.worker()?.signal("STOP").await?;
        send(COUNTED).await?;
        stack.worker()?.signal("CONT").await?;
        while stack.queue_depth().await? > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    } else {
        send(COUNTED).await?;
    }
    let mut totals = Vec::new();
    // While the worker drains, the api is asked for its metrics now and then, and nothing else.
    let skipped = usize::from(scenario.work == Work::Drain);
    for program in stack.running.iter().skip(skipped) {
        let said = control(&["-e", "Ir"], program)?;
        let total = parse(&said).with_context(|| format!("not understood: {said}"))?;
        totals.push((format!("instructions_{}", program.component), total));
    }
    let sample = stack.samples.0.get_mut(&scenario.name).and_then(|samples| samples.last_mut());
    let sample = sample.context("it was not measured")?;
    for (name, total) in totals {
        sample.note(&name, float(total) / float(COUNTED));
    }
    Ok(())
}

fn control(what: &[&str], program: &Program) -> Result<String> {
    let mut command = Command::new("callgrind_control");
    let output = command.args(what).arg(program.pid.to_string()).output();
    let output = output.context("there is no valgrind here")?;
    ensure!(output.status.success(), "callgrind_control {what:?}: {output:?}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The sum over the lines `Th 1  97,766`, one a thread.
fn parse(said: &str) -> Option<u64> {
    let threads = said.lines().filter_map(|line| line.trim().strip_prefix("Th "));
    let count = |line: &str| line.split_whitespace().nth(1)?.replace(',', "").parse::<u64>().ok();
    threads.filter_map(count).reduce(|sum, count| sum + count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_threads_are_summed() {
        let said = "PID 7: api\n\n  Totals:    Ir \n   Th 1  97,766 \n   Th 2       4 \n";
        assert_eq!((parse(said), parse("PID 7: api\n  OK.\n")), (Some(97_770), None));
    }
}
