/// libhdf5's constants are macros that call functions, which Swift does not import: each is a function here.
#ifndef CHDF5_SHIMS_H
#define CHDF5_SHIMS_H

#include <hdf5.h>
#include <hdf5_hl.h>

// Element types.
static inline hid_t chdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t chdf5_native_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_c_string(void) { return H5T_C_S1; }
static inline size_t chdf5_variable_size(void) { return H5T_VARIABLE; }

// Property list classes and the default property list.
static inline hid_t chdf5_file_create_class(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_group_create_class(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_dataset_create_class(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }

// File access flags.
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned chdf5_create_new(void) { return H5F_ACC_EXCL; }

/// Opens without locking the file, in versions of libhdf5 that can be told to (1.10.7 and 1.12.1 on).
static inline herr_t chdf5_set_no_locking(hid_t access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
    return H5Pset_file_locking(access, 0, 1);
#else
    (void)access;
    return 0;
#endif
}

// Data spaces.
static inline hid_t chdf5_whole_space(void) { return H5S_ALL; }
static inline hsize_t chdf5_unlimited(void) { return H5S_UNLIMITED; }

// Creation order of links.
static inline unsigned chdf5_creation_order(void) { return H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED; }

// H5Literate is a macro from 1.12 on, and its callback has another type there.
typedef void (*chdf5_name_visitor)(void *context, const char *name);

struct chdf5_link_walk {
    chdf5_name_visitor visit;
    void *context;
};

static inline herr_t chdf5_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    const struct chdf5_link_walk *walk = (const struct chdf5_link_walk *)data;
    (void)group;
    (void)info;
    walk->visit(walk->context, name);
    return 0;
}

/// Visits the names of a group's members in one of its orders.
static inline herr_t chdf5_visit_links(hid_t group, H5_index_t order, chdf5_name_visitor visit, void *context) {
    struct chdf5_link_walk walk = {visit, context};
    return H5Literate(group, order, H5_ITER_INC, NULL, chdf5_visit_link, &walk);
}

/// Turns libhdf5's own printing of errors off for the calling thread.
static inline void chdf5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

/// One entry of the error stack. The strings live only during the call.
typedef void (*chdf5_frame_visitor)(
    void *context, const char *function, const char *file, unsigned line,
    const char *major, const char *minor, const char *detail);

struct chdf5_walk {
    chdf5_frame_visitor visit;
    void *context;
};

static inline herr_t chdf5_visit_frame(unsigned n, const H5E_error2_t *frame, void *data) {
    const struct chdf5_walk *walk = (const struct chdf5_walk *)data;
    char major[128] = "", minor[128] = "";
    (void)n;
    H5Eget_msg(frame->maj_num, NULL, major, sizeof major);
    H5Eget_msg(frame->min_num, NULL, minor, sizeof minor);
    walk->visit(
        walk->context, frame->func_name ? frame->func_name : "", frame->file_name ? frame->file_name : "",
        frame->line, major, minor, frame->desc ? frame->desc : "");
    return 0;
}

/// Visits the error stack of the last failed call, from where the error arose out to the function that was called, and empties it.
static inline void chdf5_walk_errors(chdf5_frame_visitor visit, void *context) {
    struct chdf5_walk walk = {visit, context};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, chdf5_visit_frame, &walk);
    // What stays in the stack of another thread than the last one keeps libhdf5 from closing at the end of the program.
    H5Eclear2(H5E_DEFAULT);
}

#endif
