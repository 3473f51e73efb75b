#pragma once

/// Calls of the C library's allocator by the calling thread so far, in a program that this target is linked into; -1 where they
/// cannot be counted (anywhere but with glibc).
long allocations_of_this_thread(void);
