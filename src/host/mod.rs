//! The host: HTTP, storage, time and identity around the pure core.
//!
//! A handler decodes, asks the core, stores in one transaction, and encodes. It decides nothing:
//! what follows from a command is [`crate::case::apply`]'s to say, and who may give it
//! [`crate::identity::authorize`]'s.

pub mod absence;
mod absence_command;
pub mod backup;
mod backup_command;
pub mod clock;
pub mod command_line;
pub mod confidence;
pub mod config;
pub mod doctor;
pub mod eval;
pub mod evaluate;
pub mod executor;
pub mod executor_command;
pub mod export;
pub mod http;
pub mod ids;
pub mod impact;
pub mod key_file;
pub mod layers;
mod listen;
pub mod outbound;
pub mod people;
pub mod policy_command;
pub mod policy_diff;
mod policy_test;
pub mod propose;
mod release_command;
pub mod release_key;
pub mod replay;
pub mod samples;
pub mod sampling_key;
pub mod scheduler;
pub mod second_review;
pub mod serve;
pub mod store;
mod text;
pub mod verify;
pub mod webhook;
pub mod webhook_command;
pub mod work;
