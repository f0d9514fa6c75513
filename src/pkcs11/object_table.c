#include "pkcs11/object_table.h"

#include "pkcs11/object_call.h"
#include "pkcs11/profile.h"
#include "pkcs11/session_objects.h"
#include "pkcs11/token_objects.h"

#include <stdlib.h>

#define PROFILES (SR_TOKENS * SR_PROFILES) /* places at the beginning */

struct SrObjectTable {
    SrModule *module;
    pthread_mutex_t listing; /* held from begin_listing to end_listing; before lock */
    pthread_mutex_t lock;
    SrTokenObjects tokens;
    SrSessionObjects sessions;
    uint64_t generations[SR_TOKENS]; /* of what is known; 0: nothing yet */
    uint64_t changes;                /* counts what this application changes */
    uint64_t listing_began;          /* changes at that moment */
    uint64_t round;                  /* counts listings */
};

/* --- handles ------------------------------------------------------------------------------------
 *
 * Bit 0: the public half of a key pair. Bit 1: an object of a session. Above: its place or serial,
 * from 1.
 */

#define HANDLE_PUBLIC 1ul
#define HANDLE_SESSION 2ul
#define HANDLE_SHIFT 2u

static CK_OBJECT_HANDLE token_handle(const SrObjectTable *table, const SrTokenObject *object)
{
    return ((CK_OBJECT_HANDLE)(object - table->tokens.objects) + 1) << HANDLE_SHIFT;
}

static CK_OBJECT_HANDLE session_handle(const SrSessionObject *object)
{
    return object->serial << HANDLE_SHIFT | HANDLE_SESSION;
}

CK_OBJECT_HANDLE sr_object_table_public_half(CK_OBJECT_HANDLE handle)
{
    return handle | HANDLE_PUBLIC;
}

/* What @handle names, whoever may see it; NULL when it is gone. */
static SrTokenObject *token_object(const SrObjectTable *table, CK_OBJECT_HANDLE handle)
{
    const CK_ULONG place = handle >> HANDLE_SHIFT;
    SrTokenObject *object;

    if (handle & HANDLE_SESSION || place == 0 || place > table->tokens.count)
        return NULL;
    object = &table->tokens.objects[place - 1];
    return object->entry ? object : NULL;
}

static SrSessionObject *session_object(const SrObjectTable *table, CK_OBJECT_HANDLE handle)
{
    return handle & HANDLE_SESSION
               ? sr_session_objects_get(&table->sessions, handle >> HANDLE_SHIFT)
               : NULL;
}

/* --- the table ----------------------------------------------------------------------------------
 */

SrObjectTable *sr_object_table_new(SrModule *module)
{
    SrObjectTable *table = calloc(1, sizeof *table);
    bool complete = table;

    if (!table)
        return NULL;
    table->module = module;
    pthread_mutex_init(&table->listing, NULL);
    pthread_mutex_init(&table->lock, NULL);
    for (unsigned token = 0; token < SR_TOKENS; token++)
        complete = complete && sr_profile_add_all(&table->tokens, (SrToken)token);
    if (complete)
        return table;
    sr_object_table_free(table);
    return NULL;
}

void sr_object_table_free(SrObjectTable *table)
{
    if (!table)
        return;
    sr_token_objects_clear(&table->tokens);
    sr_session_objects_clear(&table->sessions);
    pthread_mutex_destroy(&table->lock);
    pthread_mutex_destroy(&table->listing);
    free(table);
}

void sr_object_table_lock(SrObjectTable *table)
{
    pthread_mutex_lock(&table->lock);
}

void sr_object_table_unlock(SrObjectTable *table)
{
    pthread_mutex_unlock(&table->lock);
}

/* --- what sessions and logins do ----------------------------------------------------------------
 */

/* Whether the agent still has the key of @object; other objects the module has itself. */
static bool is_alive(const SrObjectTable *table, const SrSessionObject *object)
{
    return object->entry->number == 0 || object->epoch == sr_link_epoch(table->module->link);
}

static bool has_key(const SrObjectTable *table, const SrSessionObject *object)
{
    return object->entry->number != 0 && object->halves & SR_HALF_PRIVATE &&
           is_alive(table, object);
}

/* Let go of objects taken out of the table. An agent that does not answer is asked only once. */
static void destroy(const SrObjectTable *table, SrSessionObject *objects)
{
    CK_RV result = CKR_OK;

    for (const SrSessionObject *object = objects; object; object = object->next)
        if (result != CKR_DEVICE_ERROR && result != CKR_DEVICE_REMOVED && has_key(table, object))
            result = sr_object_call_destroy(table->module->link, object->entry->number);
    sr_session_object_free(objects);
}

static bool is_of_session(const SrSessionObject *object, const void *handle)
{
    return object->session == *(const CK_SESSION_HANDLE *)handle;
}

void sr_object_table_close_session(SrObjectTable *table, CK_SESSION_HANDLE handle)
{
    SrSessionObject *taken;

    pthread_mutex_lock(&table->lock);
    taken = sr_session_objects_take(&table->sessions, is_of_session, &handle);
    pthread_mutex_unlock(&table->lock);
    destroy(table, taken);
}

static bool is_private_of(const SrSessionObject *object, const void *token)
{
    return object->is_private && object->token == *(const SrToken *)token;
}

void sr_object_table_log_out(SrObjectTable *table, SrToken token)
{
    SrSessionObject *taken;

    pthread_mutex_lock(&table->lock);
    taken = sr_session_objects_take(&table->sessions, is_private_of, &token);
    pthread_mutex_unlock(&table->lock);
    destroy(table, taken);
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* One half of a token's or a session's object; false when it is not there. */
static bool token_half(const SrObjectTable *table, const SrTokenObject *object, bool is_public,
                       SrObject *ret_object)
{
    if (!object->entry || (is_public && object->entry->class != CKO_PRIVATE_KEY))
        return false;
    *ret_object = (SrObject){
        .entry = object->entry,
        .handle = token_handle(table, object) | (is_public ? HANDLE_PUBLIC : 0),
        .token = object->token,
        .is_public = is_public,
        .is_private = object->is_private && !is_public,
    };
    return true;
}

static bool session_half(const SrObjectTable *table, const SrSessionObject *object, bool is_public,
                         SrObject *ret_object)
{
    if (!(object->halves & (is_public ? SR_HALF_PUBLIC : SR_HALF_PRIVATE)) ||
        !is_alive(table, object))
        return false;
    *ret_object = (SrObject){
        .entry = object->entry,
        .handle = session_handle(object) | (is_public ? HANDLE_PUBLIC : 0),
        .token = object->token,
        .is_public = is_public,
        .is_session = true,
        .is_private = object->is_private && !is_public,
    };
    return true;
}

CK_RV sr_object_table_get(SrObjectTable *table, const SrSession *session, CK_OBJECT_HANDLE handle,
                          SrObject *ret_object)
{
    const SrTokenObject *of_token = token_object(table, handle);
    const SrSessionObject *of_session = session_object(table, handle);
    const bool is_public = handle & HANDLE_PUBLIC;
    const bool is_there = (of_token && token_half(table, of_token, is_public, ret_object)) ||
                          (of_session && session_half(table, of_session, is_public, ret_object));

    if (!is_there || ret_object->token != session->token ||
        (ret_object->is_private && !sr_token_is_open(session->module, session->token)))
        return CKR_OBJECT_HANDLE_INVALID;
    return CKR_OK;
}

CK_RV sr_object_table_key(const SrSession *session, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
                          SrKeyObject *ret_key)
{
    SrObjectTable *table = session->module->objects;
    const uint8_t *public_key;
    CK_RV result = CKR_KEY_HANDLE_INVALID;
    SrObject object;

    pthread_mutex_lock(&table->lock);
    if (sr_object_table_get(table, session, handle, &object) == CKR_OK &&
        sr_object_class(&object) == class && sr_object_key(&object, &ret_key->curve, &public_key)) {
        ret_key->number = object.entry->curve ? object.entry->number : 0;
        ret_key->always_authenticate = object.entry->flags & SR_ENTRY_ALWAYS_AUTH;
        ret_key->is_session = object.is_session;
        memcpy(ret_key->public_key, public_key, ret_key->curve->point_size);
        result = CKR_OK;
    }
    pthread_mutex_unlock(&table->lock);
    return result;
}

/* --- finding ------------------------------------------------------------------------------------
 */

typedef struct {
    const SrTemplate *template;
    SrToken token;
    bool is_open;          /* private objects are seen */
    CK_OBJECT_CLASS class; /* the only one wanted; CK_UNAVAILABLE_INFORMATION: any */
    CK_OBJECT_HANDLE *handles;
    size_t count;
    size_t room;
} Search;

/* Note @object when it is wanted; false when out of memory. */
static bool consider(Search *search, const SrObject *object)
{
    if (search->class != CK_UNAVAILABLE_INFORMATION && search->class != sr_object_class(object))
        return true;
    if ((object->is_private && !search->is_open) || !sr_object_matches(object, search->template))
        return true;
    if (search->count == search->room) {
        const size_t room = search->room ? search->room * 2 : 16;
        CK_OBJECT_HANDLE *handles = realloc(search->handles, room * sizeof *handles);

        if (!handles)
            return false;
        search->handles = handles;
        search->room = room;
    }
    search->handles[search->count++] = object->handle;
    return true;
}

/* The token objects in the places from @begin up to @end. */
static bool search_places(const SrObjectTable *table, uint32_t begin, uint32_t end, Search *search)
{
    SrObject object;

    for (uint32_t i = begin; i < end; i++) {
        const SrTokenObject *candidate = &table->tokens.objects[i];

        if (candidate->token != search->token)
            continue;
        for (unsigned half = 0; half < 2; half++)
            if (token_half(table, candidate, half, &object) && !consider(search, &object))
                return false;
    }
    return true;
}

static bool search_sessions(const SrObjectTable *table, Search *search)
{
    SrObject object;

    for (size_t i = 0; i < table->sessions.count; i++) {
        const SrSessionObject *candidate = table->sessions.objects[i];

        if (candidate->token != search->token)
            continue;
        for (unsigned half = 0; half < 2; half++)
            if (session_half(table, candidate, half, &object) && !consider(search, &object))
                return false;
    }
    return true;
}

CK_RV sr_object_table_find(SrObjectTable *table, const SrSession *session,
                           const SrTemplate *template, CK_OBJECT_HANDLE **ret_handles,
                           size_t *ret_count)
{
    Search search = {
        .template = template,
        .token = session->token,
        .is_open = sr_token_is_open(session->module, session->token),
        .class = CK_UNAVAILABLE_INFORMATION,
    };
    bool complete;

    sr_template_get_number(template, CKA_CLASS, &search.class);
    pthread_mutex_lock(&table->lock);
    /* Profiles last: older programs show them as something unknown. */
    complete = search_places(table, PROFILES, table->tokens.count, &search) &&
               search_sessions(table, &search) && search_places(table, 0, PROFILES, &search);
    pthread_mutex_unlock(&table->lock);
    if (!complete) {
        free(search.handles);
        return CKR_HOST_MEMORY;
    }
    *ret_handles = search.handles;
    *ret_count = search.count;
    return CKR_OK;
}

/* --- changing -----------------------------------------------------------------------------------
 */

CK_RV sr_object_table_put(SrObjectTable *table, SrToken token, SrEntry *entry,
                          CK_OBJECT_HANDLE *ret_handle)
{
    SrTokenObject *object;

    pthread_mutex_lock(&table->lock);
    object = sr_token_objects_get(&table->tokens, token, entry->number);
    if (object) {
        sr_token_object_set(object, entry);
        object->change = ++table->changes;
        *ret_handle = token_handle(table, object);
    }
    pthread_mutex_unlock(&table->lock);
    if (object)
        return CKR_OK;
    sr_entry_free(entry);
    return CKR_HOST_MEMORY;
}

CK_RV sr_object_table_put_session(SrObjectTable *table, const SrSession *session, SrEntry *entry,
                                  bool is_private, CK_OBJECT_HANDLE *ret_handle)
{
    const bool is_pair = entry->class == CKO_PRIVATE_KEY;
    SrSessionObject *object = calloc(1, sizeof *object);
    bool is_added = false;

    if (object) {
        *object = (SrSessionObject){
            .session = session->handle,
            .token = session->token,
            .entry = entry,
            .epoch = sr_link_epoch(table->module->link),
            .is_private = is_private,
            .halves = SR_HALF_PRIVATE | (is_pair ? SR_HALF_PUBLIC : 0),
        };
        pthread_mutex_lock(&table->lock);
        is_added = sr_session_objects_add(&table->sessions, object);
        if (is_added)
            *ret_handle = session_handle(object);
        pthread_mutex_unlock(&table->lock);
    }
    if (is_added)
        return CKR_OK;
    free(object);
    sr_entry_free(entry);
    return CKR_HOST_MEMORY;
}

void sr_object_table_replace(SrObjectTable *table, CK_OBJECT_HANDLE handle, SrEntry *entry)
{
    SrTokenObject *of_token;
    SrSessionObject *of_session;

    pthread_mutex_lock(&table->lock);
    of_token = token_object(table, handle);
    of_session = session_object(table, handle);
    if (of_token) {
        sr_token_object_set(of_token, entry);
        of_token->change = ++table->changes;
    } else if (of_session) {
        sr_entry_free(of_session->entry);
        of_session->entry = entry;
    } else {
        sr_entry_free(entry);
    }
    pthread_mutex_unlock(&table->lock);
}

static bool is_object(const SrSessionObject *object, const void *other)
{
    return object == other;
}

void sr_object_table_remove(SrObjectTable *table, CK_OBJECT_HANDLE handle)
{
    SrTokenObject *of_token;
    SrSessionObject *of_session;
    SrSessionObject *taken = NULL;

    pthread_mutex_lock(&table->lock);
    of_token = token_object(table, handle);
    of_session = session_object(table, handle);
    if (of_token) {
        sr_token_object_set(of_token, NULL);
        of_token->change = ++table->changes;
    } else if (of_session) {
        of_session->halves &= handle & HANDLE_PUBLIC ? ~SR_HALF_PUBLIC : ~SR_HALF_PRIVATE;
        if (of_session->halves == 0)
            taken = sr_session_objects_take(&table->sessions, is_object, of_session);
    }
    pthread_mutex_unlock(&table->lock);
    sr_session_object_free(taken);
}

/* --- listings -----------------------------------------------------------------------------------
 */

uint64_t sr_object_table_begin_listing(SrObjectTable *table, SrToken token)
{
    uint64_t generation;

    pthread_mutex_lock(&table->listing);
    pthread_mutex_lock(&table->lock);
    table->listing_began = table->changes;
    generation = table->generations[token];
    pthread_mutex_unlock(&table->lock);
    return generation;
}

void sr_object_table_end_listing(SrObjectTable *table)
{
    pthread_mutex_unlock(&table->listing);
}

/* Take one entry of a listing over; false when out of memory. */
static bool take(SrObjectTable *table, SrToken token, SrEntry *entry)
{
    SrTokenObject *object = sr_token_objects_get(&table->tokens, token, entry->number);

    if (!object) {
        sr_entry_free(entry);
        return false;
    }
    if (object->change > table->listing_began)
        sr_entry_free(entry);
    else
        sr_token_object_set(object, entry);
    object->round = table->round;
    return true;
}

/* Forget what the listing did not show. */
static void sweep(SrObjectTable *table, SrToken token)
{
    for (uint32_t i = 0; i < table->tokens.count; i++) {
        SrTokenObject *object = &table->tokens.objects[i];

        if (object->token == token && object->number != 0 && object->round != table->round &&
            object->change <= table->listing_began)
            sr_token_object_set(object, NULL);
    }
}

CK_RV sr_object_table_fill(SrObjectTable *table, SrToken token, uint64_t generation,
                           SrEntry **entries, size_t count)
{
    bool complete = true;

    pthread_mutex_lock(&table->lock);
    table->round++;
    for (size_t i = 0; i < count; i++) {
        complete = take(table, token, entries[i]) && complete;
        entries[i] = NULL;
    }
    if (complete)
        sweep(table, token);
    table->generations[token] = complete ? generation : 0;
    pthread_mutex_unlock(&table->lock);
    return complete ? CKR_OK : CKR_HOST_MEMORY;
}
