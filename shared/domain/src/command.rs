//! The list of all commands. A command is a file in the folder of its noun and a line here.

use crate::decide::{Decider, InternalRuled, OpenInternalRules, OpenRules, Ruled};
use crate::{
    AddMethod, AdvanceClock, Cancel, ChangePlan, ClientId, CreateUser, DetachMethod, EndTrial,
    ExpireGift, ExpireSubscription, Extend, Give, IdempotencyKey, Import, LapsePayment, Needs,
    NewIds, Pause, RecogniseGrants, Redeem, RefundPayment, Refusal, Renew, RenewSubscription,
    Resume, ResumeSubscription, RetirePlan, SetAutoRenew, SetDefaultMethod, SettleClock,
    SettleDispute, SettleMethod, SettlePayment, SettleRefund, Subscribe, Uncancel, UpdateUser,
    UserId,
};
use serde::{Deserialize, Serialize};

/// Declares the commands with the names of their operations, and dispatches to their files. There
/// is no other match on commands.
macro_rules! commands {
    (
        clients: { $($(#[$doc:meta])* $command:ident = $operation:literal,)+ }
        internal: {
            $($(#[$internal_doc:meta])*
            $internal:ident = $internal_operation:literal in $turn:ident,)+
        }
    ) => {
        /// A command from a request that passed validation. Defaults are not filled in.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "operation")]
        pub enum Command {
            $($(#[$doc])* #[serde(rename = $operation)] $command($command),)+
        }

        /// A command that no client submits: what is due is done by it.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "operation")]
        pub enum InternalCommand {
            $($(#[$internal_doc])* #[serde(rename = $internal_operation)] $internal($internal),)+
        }

        /// The kind of a command, as shown in jobs, metrics and the command log.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$doc])* $command,)+
            $($(#[$internal_doc])* $internal,)+
        }

        impl Operation {
            /// Every operation, those of clients first.
            pub const ALL: &[Self] = &[$(Self::$command,)+ $(Self::$internal,)+];

            /// How the operation is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$command => $operation,)+
                    $(Self::$internal => $internal_operation,)+
                }
            }
        }

        impl Command {
            /// The kind of this command.
            #[must_use]
            pub const fn operation(&self) -> Operation {
                match self { $(Self::$command(_) => Operation::$command,)+ }
            }

            fn rules(&self) -> &dyn OpenRules {
                match self { $(Self::$command(command) => command,)+ }
            }
        }

        impl InternalCommand {
            /// The kind of this command.
            #[must_use]
            pub const fn operation(&self) -> Operation {
                match self { $(Self::$internal(_) => Operation::$internal,)+ }
            }

            /// Its place among all that is due at one instant.
            #[must_use]
            pub const fn turn(&self) -> Turn {
                match self { $(Self::$internal(_) => Turn::$turn,)+ }
            }

            fn rules(&self) -> &dyn OpenInternalRules {
                match self { $(Self::$internal(command) => command,)+ }
            }
        }

        $(impl From<$command> for Command {
            fn from(command: $command) -> Self {
                Self::$command(command)
            }
        })+

        $(impl From<$internal> for InternalCommand {
            fn from(command: $internal) -> Self {
                Self::$internal(command)
            }
        })+
    };
}

commands! {
    clients: {
        /// Makes a user.
        CreateUser = "create_user",
        /// Changes the email or the metadata of a user.
        UpdateUser = "update_user",
        /// Starts a subscription.
        Subscribe = "subscribe",
        /// Prolongs a running subscription.
        Renew = "renew",
        /// Ends a subscription, at once or at its end.
        Cancel = "cancel",
        /// Takes back that a subscription is cancelled at its end.
        Uncancel = "uncancel",
        /// Switches whether a subscription is renewed by itself.
        SetAutoRenew = "auto_renew",
        /// Lets a subscription stand still.
        Pause = "pause",
        /// Lets a subscription that stands still go on.
        Resume = "resume",
        /// Gives a subscription months for nothing.
        Extend = "extend",
        /// Takes over a subscription that runs elsewhere.
        Import = "import",
        /// Changes the plan of a subscription.
        ChangePlan = "change_plan",
        /// Sets up a payment method.
        AddMethod = "add_payment_method",
        /// Makes a payment method the one that is charged.
        SetDefaultMethod = "set_default_payment_method",
        /// Takes a payment method away.
        DetachMethod = "detach_payment_method",
        /// Pays a payment back.
        RefundPayment = "refund",
        /// Gives months to an email address.
        Give = "gift",
        /// Turns a gift into time of a subscription.
        Redeem = "redeem",
        /// Takes a plan off sale.
        RetirePlan = "retire_plan",
        /// Lets the clock of a test client go on.
        AdvanceClock = "advance_clock",
    }
    internal: {
        /// Marks a subscription that is past its end.
        ExpireSubscription = "expire_subscription" in End,
        /// Renews a subscription at its end by itself.
        RenewSubscription = "renew_subscription" in Charge,
        /// Lets a subscription that stands still go on by itself.
        ResumeSubscription = "resume_subscription" in Start,
        /// Ends a trial after which months are there already.
        EndTrial = "end_trial" in Start,
        /// Earns what was paid for grants that end.
        RecogniseGrants = "recognise_grants" in Earn,
        /// Waits no longer for a payment.
        LapsePayment = "lapse_payment" in End,
        /// Takes in what a provider says of a charge.
        SettlePayment = "settle_payment" in Settlement,
        /// Takes in what a provider says of a payment method.
        SettleMethod = "settle_payment_method" in Settlement,
        /// Takes in what a provider says of a refund.
        SettleRefund = "settle_refund" in Settlement,
        /// Takes in what a provider says of a dispute.
        SettleDispute = "settle_dispute" in Settlement,
        /// Marks a gift that was not redeemed in time.
        ExpireGift = "expire_gift" in End,
        /// Answers who has let a clock go on, once it has come to its end.
        SettleClock = "settle_clock" in Settlement,
    }
}

/// The order of what is due at one instant; then by table, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// The answer to what was done outside.
    Settlement,
    /// What was paid for something is earned at its end.
    Earn,
    /// Something ends.
    End,
    /// Something begins or goes on.
    Start,
    /// Something is to be paid.
    Charge,
}

/// What a provider says of money, as the command that takes it in.
#[derive(Debug, Clone, Copy)]
pub enum ProviderNews<'a> {
    /// Of a charge.
    Charge(&'a SettlePayment),
    /// Of a refund.
    Refund(&'a SettleRefund),
    /// Of a dispute.
    Dispute(&'a SettleDispute),
}

impl InternalCommand {
    /// What a provider says of money, if the command takes that in.
    #[must_use]
    pub const fn provider_news(&self) -> Option<ProviderNews<'_>> {
        match self {
            Self::SettlePayment(charge) => Some(ProviderNews::Charge(charge)),
            Self::SettleRefund(refund) => Some(ProviderNews::Refund(refund)),
            Self::SettleDispute(dispute) => Some(ProviderNews::Dispute(dispute)),
            _ => None,
        }
    }
}

impl Operation {
    /// The operation of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.as_str() == text)
    }
}

impl Command {
    /// Adds what the command of `client` needs.
    pub fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.clocks.insert(client);
        self.rules().needs(client, needs);
    }

    pub(crate) fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        self.rules().subject(decider)
    }

    pub(crate) fn decide(
        &self,
        decider: &Decider<'_>,
        new_ids: &mut NewIds,
    ) -> Result<Ruled, Refusal> {
        self.rules().decide(decider, new_ids)
    }
}

impl InternalCommand {
    /// Adds what the command needs, for the client whose rows it changes.
    pub fn needs(&self, client: ClientId, needs: &mut Needs) {
        self.rules().needs(client, needs);
    }

    /// The key of the command: one key for each change that becomes due.
    #[must_use]
    pub fn key(&self) -> IdempotencyKey {
        self.rules().key()
    }

    pub(crate) fn decide(
        &self,
        decider: &Decider<'_>,
        new_ids: &mut NewIds,
    ) -> Option<InternalRuled> {
        self.rules().decide(decider, new_ids)
    }
}
