#include "pkcs11/session_table.h"

#include "pkcs11/object_table.h"

#include <stdlib.h>
#include <string.h>

/* A handle is a place in the table and, above it, how often the place was taken. */
#define PLACE_BITS 20u
#define PLACES_MAX (1u << PLACE_BITS)
#define PLACES_FIRST 16u
#define GENERATION_MAX (CK_UNAVAILABLE_INFORMATION >> PLACE_BITS)
#define NO_PLACE PLACES_MAX

typedef struct {
    SrSession *session; /* NULL: the place is free */
    CK_ULONG generation;
    uint32_t next_free;
} Place;

struct SrSessionTable {
    pthread_mutex_t lock;
    Place *places;
    uint32_t size;
    uint32_t first_free;
    CK_ULONG count[SR_TOKENS];
    CK_ULONG writable[SR_TOKENS];
};

/* --- the table -------------------------------------------------------------------------------- */

SrSessionTable *sr_session_table_new(void)
{
    SrSessionTable *table = calloc(1, sizeof *table);

    if (table) {
        pthread_mutex_init(&table->lock, NULL);
        table->first_free = NO_PLACE;
    }
    return table;
}

void sr_session_table_free(SrSessionTable *table)
{
    if (!table)
        return;
    for (uint32_t i = 0; i < table->size; i++)
        if (table->places[i].session)
            sr_session_unuse(table->places[i].session);
    pthread_mutex_destroy(&table->lock);
    free(table->places);
    free(table);
}

/* Make more places, of which the lowest is taken first. */
static CK_RV grow(SrSessionTable *table)
{
    const uint32_t before = table->size;
    const uint32_t size = before ? before * 2 : PLACES_FIRST;
    Place *places;

    if (size > PLACES_MAX)
        return CKR_SESSION_COUNT;
    places = calloc(size, sizeof *places);
    if (!places)
        return CKR_HOST_MEMORY;
    if (before > 0)
        memcpy(places, table->places, before * sizeof *places);
    for (uint32_t i = before; i < size; i++)
        places[i].next_free = i + 1 < size ? i + 1 : table->first_free;
    free(table->places);
    table->places = places;
    table->size = size;
    table->first_free = before;
    return CKR_OK;
}

/* The place of @handle when a session is there. */
static Place *find(SrSessionTable *table, CK_SESSION_HANDLE handle)
{
    const CK_ULONG index = handle & (PLACES_MAX - 1);
    Place *place;

    if (index >= table->size)
        return NULL;
    place = &table->places[index];
    return place->session && place->generation == handle >> PLACE_BITS ? place : NULL;
}

static void count(SrSessionTable *table, const SrSession *session, CK_ULONG change)
{
    table->count[session->token] += change;
    if (session->flags & CKF_RW_SESSION)
        table->writable[session->token] += change;
}

/* --- sessions --------------------------------------------------------------------------------- */

static SrSession *session_new(SrModule *module, SrToken token, CK_FLAGS flags)
{
    SrSession *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->module = module;
    session->token = token;
    session->flags = flags & (CKF_RW_SESSION | CKF_SERIAL_SESSION);
    session->uses = 1;
    pthread_mutex_init(&session->lock, NULL);
    return session;
}

void sr_session_unuse(SrSession *session)
{
    if (atomic_fetch_sub(&session->uses, 1) > 1)
        return;
    for (unsigned i = 0; i < SR_ACTIVES; i++)
        sr_session_end(session, (SrActive)i);
    sr_object_table_close_session(session->module->objects, session->handle);
    pthread_mutex_destroy(&session->lock);
    free(session);
}

static void insert(SrSessionTable *table, SrSession *session)
{
    const uint32_t index = table->first_free;
    Place *place = &table->places[index];

    table->first_free = place->next_free;
    place->generation = place->generation < GENERATION_MAX ? place->generation + 1 : 1;
    place->session = session;
    session->handle = place->generation << PLACE_BITS | index;
    count(table, session, 1);
}

CK_RV sr_session_table_open(SrModule *module, SrToken token, CK_FLAGS flags,
                            CK_SESSION_HANDLE *ret_handle)
{
    SrSessionTable *table = module->sessions;
    SrSession *session = session_new(module, token, flags);
    CK_RV result = CKR_OK;

    if (!session)
        return CKR_HOST_MEMORY;
    pthread_mutex_lock(&table->lock);
    if (table->first_free == NO_PLACE)
        result = grow(table);
    if (result == CKR_OK) {
        insert(table, session);
        *ret_handle = session->handle;
    }
    pthread_mutex_unlock(&table->lock);
    if (result != CKR_OK)
        sr_session_unuse(session);
    return result;
}

CK_RV sr_session_table_close(SrSessionTable *table, CK_SESSION_HANDLE handle, SrToken *ret_token)
{
    SrSession *session = NULL;
    Place *place;

    pthread_mutex_lock(&table->lock);
    place = find(table, handle);
    if (place) {
        session = place->session;
        place->session = NULL;
        place->next_free = table->first_free;
        table->first_free = (uint32_t)(place - table->places);
        count(table, session, ~0UL);
        atomic_store(&session->closed, true);
    }
    pthread_mutex_unlock(&table->lock);
    if (!session)
        return CKR_SESSION_HANDLE_INVALID;
    *ret_token = session->token;
    sr_session_unuse(session);
    return CKR_OK;
}

CK_SESSION_HANDLE sr_session_table_any(SrSessionTable *table, SrToken token)
{
    CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;

    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->size && handle == CK_INVALID_HANDLE; i++)
        if (table->places[i].session && table->places[i].session->token == token)
            handle = table->places[i].session->handle;
    pthread_mutex_unlock(&table->lock);
    return handle;
}

SrSession *sr_session_table_use(SrSessionTable *table, CK_SESSION_HANDLE handle)
{
    const Place *place;
    SrSession *session;

    pthread_mutex_lock(&table->lock);
    place = find(table, handle);
    session = place ? place->session : NULL;
    if (session)
        atomic_fetch_add(&session->uses, 1);
    pthread_mutex_unlock(&table->lock);
    return session;
}

void sr_session_table_count(SrSessionTable *table, SrToken token, CK_ULONG *ret_all,
                            CK_ULONG *ret_writable)
{
    pthread_mutex_lock(&table->lock);
    *ret_all = table->count[token];
    *ret_writable = table->writable[token];
    pthread_mutex_unlock(&table->lock);
}
