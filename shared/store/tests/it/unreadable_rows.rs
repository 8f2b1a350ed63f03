//! Rows whose values a release cannot read. They are named, and the rows beside them are found.

use store::{StoreError, due, scan};
use support::{Database, rows};

/// Two gifts that are due, of which the first one is from the beginning of time.
async fn two_gifts() -> (Database, i64, i64) {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let strange = rows::gift(&database, ann, "bea@a.org", "-2 hours").await.get();
    let usual = rows::gift(&database, ann, "bea@a.org", "-1 hour").await.get();
    let update = format!("UPDATE gifts SET created_at = '-infinity' WHERE id = {strange}");
    database.run(&update).await;
    (database, strange, usual)
}

#[tokio::test]
async fn what_is_due_is_found_beside_a_row_that_cannot_be_read() {
    let (database, strange, usual) = two_gifts().await;
    let found = due::gifts(database.store(), None, 10).await.unwrap().rows;
    assert_eq!(found.iter().map(|due| due.cursor.id).collect::<Vec<_>>(), [strange, usual]);
    assert!(matches!(&found[0].row, Err(StoreError::Inconsistent { row, .. })
                     if *row == strange.to_string()));
    assert!(found[1].row.is_ok());
}

#[tokio::test]
async fn a_page_of_all_rows_names_the_row_that_cannot_be_read() {
    let (database, strange, usual) = two_gifts().await;
    let page = scan::gifts(database.store(), None, 10).await.unwrap();
    let found: Vec<_> = page.rows.iter().map(|stored| (stored.id, stored.row.is_ok())).collect();
    assert_eq!(found, [(strange, false), (usual, true)]);
}
