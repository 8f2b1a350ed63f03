//! `worker books`: the books as an operator reads them. Changes nothing.

use anyhow::Context;
use domain::Instant;
use runtime::settings::Postgres;
use std::io::{Write, stdout};
use store::books::{self, BookedBalance, EarnedInMonth};

/// The columns of the two tables.
const BALANCES: [&str; 6] = ["client", "currency", "account", "debit", "credit", "balance"];
const MONTHS: [&str; 6] = ["client", "month", "currency", "revenue", "breakage", "refund_loss"];

/// Runs the command: the balances of all accounts, which sum up to 0, and what was earned in each
/// month. Amounts are in the smallest unit of the currency.
pub async fn run(at: Option<Instant>, csv: bool, postgres: &Postgres) -> anyhow::Result<()> {
    let cannot = "cannot read the books (DATABASE_URL)";
    let database = postgres.open().await.context(cannot)?.database;
    let balances = books::trial_balance(&database, at).await.context(cannot)?;
    let months = books::earned(&database, at).await.context(cannot)?;
    let balances: Vec<_> = balances.iter().map(balance).collect();
    let months: Vec<_> = months.iter().map(month).collect();
    let mut out = stdout().lock();
    for (columns, rows) in [(BALANCES, balances), (MONTHS, months)] {
        let text = if csv { as_csv(columns, &rows) } else { as_table(columns, &rows) };
        writeln!(out, "{text}")?;
    }
    Ok(())
}

type Row = [String; 6];

fn balance(balance: &BookedBalance) -> Row {
    let BookedBalance { client, account, currency, debit, credit } = balance;
    let rest = debit - credit;
    [
        client.clone(),
        currency.clone(),
        account.clone(),
        debit.to_string(),
        credit.to_string(),
        rest.to_string(),
    ]
}

fn month(month: &EarnedInMonth) -> Row {
    let EarnedInMonth { client, month, currency, revenue, breakage, refund_loss } = month;
    [
        client.clone(),
        month.clone(),
        currency.clone(),
        revenue.to_string(),
        breakage.to_string(),
        refund_loss.to_string(),
    ]
}

/// Names of clients have no character that would have to be quoted.
fn as_csv(columns: [&str; 6], rows: &[Row]) -> String {
    let mut lines = vec![columns.join(",")];
    lines.extend(rows.iter().map(|row| row.join(",")));
    lines.push(String::new());
    lines.join("\n")
}

/// Words to the left and numbers to the right.
fn as_table(columns: [&str; 6], rows: &[Row]) -> String {
    let heads = columns.map(str::to_owned);
    let mut widths = heads.each_ref().map(|head| head.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &Row| {
        let cells = row.iter().zip(widths).enumerate().map(|(n, (cell, width))| {
            if n < 3 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&heads)];
    lines.extend(rows.iter().map(line));
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [Row; 2] {
        let cash = BookedBalance {
            client: "shop".to_owned(),
            account: "cash".to_owned(),
            currency: "USD".to_owned(),
            debit: 1500,
            credit: 500,
        };
        let deferred = BookedBalance {
            account: "deferred".to_owned(),
            debit: 0,
            credit: 1000,
            ..cash.clone()
        };
        [balance(&cash), balance(&deferred)]
    }

    #[test]
    fn a_table_has_its_numbers_below_each_other() {
        let expected = "\
client  currency  account   debit  credit  balance
shop    USD       cash       1500     500     1000
shop    USD       deferred      0    1000    -1000
";
        assert_eq!(as_table(BALANCES, &rows()), expected);
    }

    #[test]
    fn csv_has_a_line_a_row() {
        let expected = "\
client,currency,account,debit,credit,balance
shop,USD,cash,1500,500,1000
shop,USD,deferred,0,1000,-1000
";
        assert_eq!(as_csv(BALANCES, &rows()), expected);
    }
}
