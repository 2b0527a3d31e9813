//! The module's heap: one list of free blocks for each size, in steps of a half power of two.
//!
//! What is freed is given to the next request of its size, and never put together again; a decision
//! needs the same sizes as the one before it, so that memory does not grow. The standard library's
//! allocator does more than that, in sixteen times the code.
#![expect(unsafe_code, reason = "a global allocator is unsafe by its nature")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// Sizes from 16 bytes on: 16, 32, 48, 64, 96, 128, 192, …
const CLASSES: usize = 56;
/// What every block is aligned to; nothing here asks for more.
const ALIGNMENT: usize = 16;
const PAGE_BYTES: usize = 65_536;

struct State {
    /// The first free block of each size; the address of the next one stands in it.
    free: [*mut u8; CLASSES],
    /// What was taken from the system and is in no block yet.
    next: usize,
    end: usize,
}

struct Heap(UnsafeCell<State>);

// SAFETY: a module without threads has one caller at a time.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State { free: [null_mut(); CLASSES], next: 0, end: 0 }));

/// The list that a size belongs to, and the bytes of its blocks.
const fn class(size: usize) -> (usize, usize) {
    let size = if size <= 32 { size.next_multiple_of(16) } else { size };
    if size <= 16 {
        return (0, 16);
    }
    // The power of two at or above the size, and the half step below it.
    let power = usize::BITS - (size - 1).leading_zeros();
    let (above, step) = (1_usize << power, 3_usize << (power - 2));
    let place = (power as usize - 5) * 2 + 1;
    if power > 5 && size <= step { (place - 1, step) } else { (place, above) }
}

impl State {
    fn take(&mut self, size: usize) -> *mut u8 {
        // Beyond this the next power of two is no address any more.
        if size > usize::MAX / 2 {
            return null_mut();
        }
        let (place, size) = class(size);
        let Some(first) = self.free.get_mut(place) else {
            return null_mut();
        };
        if !first.is_null() {
            let block = *first;
            // SAFETY: a free block is ours, aligned, and begins with the address of the next.
            *first = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        if self.end - self.next < size && !self.grow(size) {
            return null_mut();
        }
        let block = self.next;
        self.next += size;
        block as *mut u8
    }

    #[cold]
    fn grow(&mut self, size: usize) -> bool {
        let pages = size.div_ceil(PAGE_BYTES);
        let before = core::arch::wasm32::memory_grow::<0>(pages);
        if before == usize::MAX {
            return false;
        }
        let start = before * PAGE_BYTES;
        // What lies beside the last pages goes on from there; else their rest is given up.
        if start != self.end {
            self.next = start;
        }
        self.end = start + pages * PAGE_BYTES;
        true
    }
}

// SAFETY: blocks are distinct, aligned to 16, as large as asked, and stay where they are until freed.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGNMENT {
            return null_mut();
        }
        // SAFETY: there is one caller at a time, and none of its calls lasts.
        unsafe { &mut *self.0.get() }.take(layout.size())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        let state = unsafe { &mut *self.0.get() };
        if let Some(first) = state.free.get_mut(class(layout.size()).0) {
            // SAFETY: the block is ours again, and has room for an address.
            unsafe { block.cast::<*mut u8>().write(*first) };
            *first = block;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= usize::MAX / 2 && class(layout.size()).0 == class(size).0 {
            return block;
        }
        // SAFETY: there is one caller at a time.
        let other = unsafe { &mut *self.0.get() }.take(size);
        if !other.is_null() {
            // SAFETY: both blocks have so many bytes, and are not the same.
            unsafe {
                other.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
        }
        other
    }
}
