/* How a connection comes: the upgrade says where to, the room is found or loaded, it joins, it is
 * sent its welcome. From then on it reads the room's outgoing log. */
#include "server/hub_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "server/chance.h"

/* --- joining --- */

void conn_join(struct hub *h, struct conn *c)
{
    struct room_event event = {.kind = ROOM_JOIN, .conn = c->party.id};
    struct room_join *join = &event.join;
    WEFT_ASSERT(c->state == CONN_WAITING && c->entry->state == ENTRY_OPEN);
    if (!memory_lets_join(h, room_info(c->entry->room).length_bytes)) {
        memory_wait(h, c);
        return;
    }
    join->resumes = c->has_session;
    join->bad_session = c->bad_session;
    join->user_id = c->session_user;
    if (!c->has_session)
        chance_uuid(join->user_id.bytes);
    chance_uuid(join->spare_id.bytes);
    join->has_rev = c->connect.has_rev;
    join->epoch = c->connect.epoch;
    join->rev = c->connect.rev;
    join->mode = c->connect.mode;
    join->name = (struct room_str){c->connect.name, c->connect.name_len};
    join->color = (struct room_str){c->connect.color, c->connect.has_color ? COLOR_BYTES : 0};
    c->state = CONN_JOINING;
    if (hub_step(h, c->entry, &event) != 0) {
        c->state = CONN_WAITING; /* the room does not know it */
        conn_refuse(h, c, WEFT_ENOMEM, weft_error_text(WEFT_ENOMEM), HUB_RETRY_MS_MOST, 1013);
    }
}

/* The same for everybody who may write in that room: made when the first one comes. */
static const char *read_key_of(struct hub *h, struct entry *e)
{
    char key[AUTH_READ_KEY_CHARS_MAX + 1];
    if (e->read_key == NULL && auth_read_key_make(h->auth, e->name, e->name_len, key) == 0)
        e->read_key = strdup(key);
    return e->read_key;
}

void conn_welcome(struct hub *h, struct conn *c, const struct room_message *m)
{
    char session[AUTH_SESSION_CHARS + 1];
    const char *read_key = "";
    struct room_message full = *m;
    struct room_welcome *w = &full.welcome;
    struct entry *e = c->entry;
    WEFT_ASSERT(c->state == CONN_JOINING);

    int err = auth_session_make(h->auth, e->name, e->name_len, &w->user_id, session);
    if (err == 0 && w->mode == ROOM_WRITE)
        read_key = read_key_of(h, e);
    if (err != 0 || read_key == NULL) {
        conn_refuse(h, c, WEFT_ENOMEM, weft_error_text(WEFT_ENOMEM), HUB_RETRY_MS_MOST, 1013);
        return;
    }
    w->session = (struct room_str){session, AUTH_SESSION_CHARS};
    w->read_key = (struct room_str){read_key, strlen(read_key)};
    if (!c->by_key)
        w->room = (struct room_str){e->name, e->name_len};
    w->limit_message_bytes = h->settings.limit_message;
    w->limit_document_bytes = h->settings.limit_document;

    /* From here on it reads the room. A resume is at the revision it came with: what it missed
     * follows, and counts when it was given. */
    conn_drop_unread(h, c);
    outlog_reader_init(&c->reader, &e->outlog, weft_heap(), c->party.id,
                       w->text != NULL ? w->rev : c->connect.rev, e->presence_seq);
    c->state = CONN_JOINED;
    e->n_joined++;
    e->n_at_end++;
    conn_send(h, c, &full, 0);
    conn_pause(c, PAUSE_JOIN, false);
}

/* --- upgrade and open --- */

/* The session among the offered subprotocols, if there is one. */
static struct net_str find_session(struct net_str protocols)
{
    static const char prefix[] = "weft.session.";
    const char *at = protocols.at;
    const char *end = at + protocols.len;
    while (at != end) {
        while (at != end && (*at == ' ' || *at == '\t' || *at == ','))
            at++;
        const char *stop = at;
        while (stop != end && *stop != ',' && *stop != ' ' && *stop != '\t')
            stop++;
        size_t len = (size_t)(stop - at);
        if (len > sizeof prefix - 1 && memcmp(at, prefix, sizeof prefix - 1) == 0)
            return (struct net_str){at + sizeof prefix - 1, len - (sizeof prefix - 1)};
        at = stop;
    }
    return (struct net_str){NULL, 0};
}

static bool starts_with(struct net_str s, const char *prefix, struct net_str *ret_rest)
{
    size_t len = strlen(prefix);
    if (s.len < len || memcmp(s.at, prefix, len) != 0)
        return false;
    *ret_rest = (struct net_str){s.at + len, s.len - len};
    return true;
}

struct address {
    char room[ROOM_NAME_BYTES_MAX + 1];
    size_t room_len;
    bool by_key;
    struct wire_connect connect;
};

/* Where an upgrade wants to go: 0, or the status with the words in error. */
static int read_address(struct hub *h, const struct net_head *head, struct address *ret,
                        struct room_error *error)
{
    struct net_str rest;
    if (starts_with(head->path, "/ws/", &rest)) {
        ret->by_key = false;
        if (wire_decode_room_name(rest.at, rest.len, ret->room, &ret->room_len, error) != 0)
            return 400;
    } else if (starts_with(head->path, "/view/", &rest)) {
        ret->by_key = true;
        if (!auth_read_key_open(h->auth, rest.at, rest.len, ret->room, &ret->room_len)) {
            snprintf(error->words, sizeof error->words,
                     "read key: found one that opens nothing, expected one from a welcome here");
            return 404;
        }
    } else {
        snprintf(error->words, sizeof error->words,
                 "path: expected /ws/<room> or /view/<read key>");
        return 404;
    }
    if (wire_decode_query(head->query.at, head->query.len, &ret->connect, error) != 0)
        return 400;
    if (ret->by_key)
        ret->connect.mode = ROOM_READ;
    return 0;
}

static struct conn *conn_new(struct hub *h, struct net_conn *nc, struct entry *e)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL || numbers_put(&h->numbers, c, &c->party.id) != 0) {
        free(c);
        return NULL;
    }
    c->party.kind = PARTY_CONN;
    c->hub = h;
    c->net = nc;
    c->entry = e;
    list_append(&e->conns, &c->of_entry);
    e->n_conns++;
    entry_use(h, e);
    list_append(&h->conns, &c->all);
    tally_add(&h->n_conns, 1);
    guard_init(&c->guard, &h->guard_config, hub_now(h));
    outlog_reader_init(&c->reader, &h->lobby, weft_heap(), c->party.id, 0, 0);
    return c;
}

static int refuse_upgrade(struct hub *h, int status, const char *words, char *why, size_t why_bytes)
{
    snprintf(why, why_bytes, "%s", words);
    hub_refused(h, status == 400 || status == 404 ? "bad address" : words);
    return status;
}

int conn_upgrade(void *ctx, struct net_conn *nc, const struct net_head *head, void **ret_user,
                 char *why, size_t why_bytes)
{
    struct hub *h = ctx;
    struct address to;
    struct room_error error;
    struct entry *e = NULL;
    memset(&error, 0, sizeof error);
    if (h->phase != HUB_SERVING)
        return refuse_upgrade(h, 503, "the server is stopping", why, why_bytes);
    int status = read_address(h, head, &to, &error);
    if (status != 0)
        return refuse_upgrade(h, status, error.words, why, why_bytes);
    int err = entry_get(h, to.room, to.room_len, &e);
    if (err != 0)
        return refuse_upgrade(
            h, 503, err == WEFT_ENOMEM ? "out of memory" : "too many rooms in use", why, why_bytes);
    if (e->state == ENTRY_LOADING && e->n_conns >= h->settings.limit_people)
        return refuse_upgrade(h, 503, "too many wait for this room", why, why_bytes);
    struct uuid user = {{0}};
    struct net_str session = find_session(head->protocols);
    if (session.len != 0)
        err = auth_session_verify(h->auth, e->name, e->name_len, session.at, session.len, &user);
    struct conn *c = err != WEFT_ENOMEM ? conn_new(h, nc, e) : NULL;
    if (c == NULL)
        return refuse_upgrade(h, 503, "out of memory", why, why_bytes);
    c->by_key = to.by_key;
    c->connect = to.connect;
    c->has_session = session.len != 0 && err == 0;
    c->bad_session = err != 0;
    c->session_user = user;
    *ret_user = c;
    return 0;
}

void conn_open(void *ctx, struct net_conn *nc, void *user, bool full)
{
    struct hub *h = ctx;
    struct conn *c = user;
    struct entry *e = c->entry;
    (void)nc;
    c->state = CONN_WAITING;
    if (c->paused != 0)
        net_pause(c->net, true);
    if (h->phase != HUB_SERVING)
        conn_closing(h, c);
    else if (full)
        conn_refuse(h, c, WEFT_EIO, "the server is full: --limit-connections", 5000, 1013);
    else if (e == NULL || e->doomed)
        conn_refuse(h, c, WEFT_EIO, "the room could not be read; try again in a second", 1000,
                    1013);
    else if (e->state == ENTRY_QUARANTINED)
        conn_refuse(h, c, WEFT_ECORRUPT,
                    "the room's log does not check; the operator has to look at it", 0, 1011);
    else if (e->state == ENTRY_OPEN)
        conn_join(h, c);
    if (c->state != CONN_JOINED)
        conn_pause(c, PAUSE_JOIN, true);
    net_want_write(c->net);
}
