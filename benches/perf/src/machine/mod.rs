//! What the kernel of this machine tells: who used how much CPU and memory, and how noisy it was.

mod calibration;
mod cpu;
mod memory;
mod noise;

pub(crate) use calibration::spin;
pub(crate) use cpu::{CpuTimes, Watch};
pub(crate) use memory::{Memory, memory_of};
pub(crate) use noise::{Machine, Noise};
