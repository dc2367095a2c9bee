/* support/room_suite.h - what each file of unit tests of the room begins with: a rig that is made and
 * dropped around every test, which leaves no memory behind, and the claim that a step said exactly this
 * and left the room sound. */
#ifndef SUPPORT_ROOM_SUITE_H
#define SUPPORT_ROOM_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/faulty.h"
#include "support/room_rig.h"

static struct rig rig;

static int set_up(void **state)
{
    (void)state;
    return rig_init(&rig, &faulty_never()->alloc);
}

static int tear_down(void **state)
{
    (void)state;
    rig_done(&rig);
    assert_int_equal(faulty_never()->live_blocks, 0);
    return 0;
}

static void says(const char *found, const char *expected)
{
    assert_int_equal(rig.err, 0);
    assert_string_equal(found, expected);
    assert_true(room_check(rig.room));
}

#endif
