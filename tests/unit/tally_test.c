/* base/mailbox and base/tally: what threads say to each other without a lock. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mailbox.h"
#include "base/tally.h"

enum { SENDERS = 4, LETTERS = 20000 };

/* ---- mailbox ---- */

struct note {
    struct letter letter; /* first */
    unsigned from;
    unsigned number;
};

struct sender {
    pthread_t thread;
    struct mailbox *box;
    unsigned number;
    struct note notes[LETTERS];
};

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < LETTERS; i++) {
        s->notes[i].from = s->number;
        s->notes[i].number = i;
        mailbox_put(s->box, &s->notes[i].letter);
    }
    return NULL;
}

static void letters_come_whole_and_in_order(void **state)
{
    (void)state;
    struct mailbox box = {NULL};
    unsigned next[SENDERS] = {0};
    struct sender *senders = calloc(SENDERS, sizeof *senders);
    assert_non_null(senders);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i].box = &box;
        senders[i].number = i;
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    for (unsigned left = SENDERS * LETTERS; left > 0;) {
        for (struct letter *at = mailbox_take(&box); at != NULL; at = at->next, left--) {
            const struct note *note = (const struct note *)(const void *)at;
            assert_int_equal(note->number, next[note->from]);
            next[note->from]++;
        }
    }
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
    assert_null(mailbox_take(&box));
    free(senders);
}

static void says_when_it_was_empty(void **state)
{
    (void)state;
    struct mailbox box = {NULL};
    struct note one = {.number = 1};
    struct note two = {.number = 2};
    assert_null(mailbox_take(&box));
    assert_true(mailbox_put(&box, &one.letter));
    assert_false(mailbox_put(&box, &two.letter));
    struct letter *at = mailbox_take(&box);
    assert_ptr_equal(at, &one.letter);
    assert_ptr_equal(at->next, &two.letter);
    assert_null(at->next->next);
    assert_true(mailbox_put(&box, &one.letter));
}

/* ---- tally ---- */

static void one_thread_knows_it_exactly(void **state)
{
    (void)state;
    size_t sum = 0;
    struct tally t = {.sum = &sum};
    assert_int_equal(tally_know(&t, 70), 70);
    assert_false(tally_tell(&t, 70, 100, 0)); /* less than a grain: kept to itself */
    assert_int_equal(sum, 0);
    assert_int_equal(tally_know(&t, 70), 70);
    tally_tell(&t, 100, 100, 0);
    assert_int_equal(sum, 100);
    assert_int_equal(tally_know(&t, 30), 30);
    tally_tell(&t, 1, 100, 0); /* 99 less */
    assert_int_equal(sum, 100);
    tally_tell(&t, 1, 0, 0);
    assert_int_equal(sum, 1);
}

static void others_are_known_by_what_they_told(void **state)
{
    (void)state;
    size_t sum = 0;
    struct tally a = {.sum = &sum};
    struct tally b = {.sum = &sum};
    tally_tell(&a, 50, 10, 0);
    assert_int_equal(tally_know(&b, 7), 57);
    tally_tell(&b, 7, 10, 0);
    assert_int_equal(tally_know(&a, 55), 55);
    tally_tell(&b, 17, 10, 0);
    assert_int_equal(tally_know(&a, 55), 72);
}

static void says_when_the_edge_was_passed_downwards(void **state)
{
    (void)state;
    size_t sum = 0;
    struct tally a = {.sum = &sum};
    struct tally b = {.sum = &sum};
    assert_false(tally_tell(&a, 60, 0, 100));
    assert_false(tally_tell(&b, 60, 0, 100)); /* upwards */
    assert_false(tally_tell(&a, 40, 0, 100)); /* 100: at the edge is not below it */
    assert_true(tally_tell(&b, 59, 0, 100));
    assert_false(tally_tell(&b, 10, 0, 100));
}

struct teller {
    pthread_t thread;
    struct tally tally;
};

static void *tell_all(void *arg)
{
    struct teller *t = arg;
    for (size_t i = 1; i <= LETTERS; i++)
        tally_tell(&t->tally, i % 3 == 0 ? i / 2 : i, 16, 0);
    tally_tell(&t->tally, 5, 0, 0);
    return NULL;
}

static void nothing_told_is_lost(void **state)
{
    (void)state;
    size_t sum = 0;
    struct teller tellers[SENDERS];
    for (unsigned i = 0; i < SENDERS; i++) {
        tellers[i].tally = (struct tally){.sum = &sum};
        assert_int_equal(pthread_create(&tellers[i].thread, NULL, tell_all, &tellers[i]), 0);
    }
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(tellers[i].thread, NULL), 0);
    assert_int_equal(sum, 5 * SENDERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_come_whole_and_in_order),
        cmocka_unit_test(says_when_it_was_empty),
        cmocka_unit_test(one_thread_knows_it_exactly),
        cmocka_unit_test(others_are_known_by_what_they_told),
        cmocka_unit_test(says_when_the_edge_was_passed_downwards),
        cmocka_unit_test(nothing_told_is_lost),
    };
    return cmocka_run_group_tests_name("mailbox and tally", tests, NULL, NULL);
}
