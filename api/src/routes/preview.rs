//! `POST /preview`

use crate::api_error::ApiError;
use crate::extract::{Fields, authenticate, fields, invalid_parameter, read_body};
use crate::openapi::direct_write;
use crate::respond;
use crate::scope::Scope;
use crate::state::ApiState;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::view::{PreviewView, UNDRAWN_ID_MIN};
use contract::{FieldError, ProblemKind};
use domain::{
    AddMethod, Cancel, ChangePlan, Command, Context, CreateUser, DetachMethod, DrawnIds, Extend,
    Give, Import, JobId, Moment, Needs, NewIds, Operation, Pause, Redeem, RefundPayment, Renew,
    Resume, SetAutoRenew, SetDefaultMethod, Subscribe, Uncancel, WorkingSet,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::Batch;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default().routes(direct_write(routes!(handle), PROBLEMS))
}

/// The problems that only this has.
const PROBLEMS: &[ProblemKind] = &[];

/// Reads a command from the members of its body.
type ReadCommand = fn(&Fields) -> Result<Command, Vec<FieldError>>;

/// The operations that can be previewed: all whose body names all that they are about, but for an
/// advance of a clock, which changes whatever is due.
const OPERATIONS: &[(Operation, ReadCommand)] = &[
    (Operation::CreateUser, command::<CreateUser>),
    (Operation::Subscribe, command::<Subscribe>),
    (Operation::Renew, command::<Renew>),
    (Operation::Cancel, command::<Cancel>),
    (Operation::Uncancel, command::<Uncancel>),
    (Operation::SetAutoRenew, command::<SetAutoRenew>),
    (Operation::Pause, command::<Pause>),
    (Operation::Resume, command::<Resume>),
    (Operation::Extend, command::<Extend>),
    (Operation::Import, command::<Import>),
    (Operation::ChangePlan, command::<ChangePlan>),
    (Operation::AddMethod, command::<AddMethod>),
    (Operation::SetDefaultMethod, command::<SetDefaultMethod>),
    (Operation::DetachMethod, command::<DetachMethod>),
    (Operation::RefundPayment, command::<RefundPayment>),
    (Operation::Give, command::<Give>),
    (Operation::Redeem, command::<Redeem>),
];

fn command<C>(fields: &Fields) -> Result<Command, Vec<FieldError>>
where
    C: DeserializeOwned + ToSchema + Into<Command>,
{
    fields.read::<C>().map(Into::into)
}

/// A command that is not submitted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a body that is read as that of the operation")]
struct PreviewBody {
    /// The operation, as jobs name it. The other members are those of its body.
    #[schema(example = "change_plan")]
    operation: String,
}

/// What a command would do now.
///
/// The body is that of the command, and `operation` beside it. Nothing is done, nobody is charged,
/// and no token is spent. The answer is what the command would be answered if its payment
/// succeeded.
#[utoipa::path(
    post,
    path = "/preview",
    operation_id = "preview",
    tag = "preview",
    request_body = PreviewBody,
    responses((status = 200, description = "What it would do.", body = PreviewView)),
)]
async fn handle(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let caller = authenticate(&state, &parts, Scope::Read).await?;
    let body = read_body(body, &state.large_bodies).await;
    let mut fields = fields(&parts.headers, &body?)?;
    let read = read_command(fields.take("operation").as_ref())?;
    let command = read(&fields).map_err(ApiError::invalid)?;

    let mut needs = Needs::default();
    command.needs(caller.client, &mut needs);
    // None are drawn: nothing is written here, and the role of an api need not be allowed to.
    let undrawn = std::mem::take(&mut needs.new_ids);
    needs.grants_of.extend(undrawn.grants_of);
    let (working_set, read) = Batch::peek(&state.database, &needs).await?;
    let context = Context {
        now: Moment::of(working_set.test_clock(caller.client), read.now).business,
        client: caller.client,
        job: JobId::new(Uuid::nil()),
        gift_ttl: state.gift_ttl,
        provider: state.payments.provider_of(caller.livemode),
    };
    let mut new_ids = undrawn_ids(&working_set);
    let preview = domain::preview(&working_set, &context, &command, &mut new_ids);
    Ok(respond::json(&PreviewView::at(command.operation(), &preview, context.now)))
}

fn read_command(operation: Option<&Value>) -> Result<ReadCommand, ApiError> {
    let name = operation.ok_or_else(|| invalid_parameter("operation", "is required"))?;
    let named = |(operation, _): &&(Operation, _)| name.as_str() == Some(operation.as_str());
    OPERATIONS.iter().find(named).map(|(_, read)| *read).ok_or_else(|| {
        let known = OPERATIONS.iter().map(|(operation, _)| operation.as_str());
        let known: Vec<_> = known.collect();
        invalid_parameter("operation", &format!("must be one of {}", known.join(", ")))
    })
}

/// Ids that no row has: as many as any command needs.
fn undrawn_ids(working_set: &WorkingSet) -> NewIds {
    // A change of plan replaces every grant of a subscription.
    let grants: i64 = working_set.grants().map(|_| 1).sum();
    let ids = |count: i64| (UNDRAWN_ID_MIN..UNDRAWN_ID_MIN + count).collect();
    NewIds::new(DrawnIds {
        users: ids(8),
        gifts: ids(8),
        subscriptions: ids(8),
        grants: ids(grants + 16),
        payments: ids(8),
        methods: ids(8),
        refunds: ids(8),
    })
}
