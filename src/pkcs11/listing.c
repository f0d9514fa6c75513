#include "pkcs11/listing.h"

#include <stdlib.h>

#define UNCHANGED 0xffffffffu
#define SMALLEST_ENTRY 17u  /* bytes: kind, number, class and the count of no attributes */
#define ENTRIES_MAX 200000u /* no token has more */
#define ATTEMPTS 4u         /* when objects change between two pages */

/* Pages as they come in. */
typedef struct {
    uint64_t generation;
    uint32_t next;
    bool is_unchanged;
    SrEntry **entries;
    size_t count;
    size_t room;
} Listing;

static void listing_clear(Listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        sr_entry_free(listing->entries[i]);
    free(listing->entries);
    *listing = (Listing){0};
}

/* Room for @count entries more. */
static CK_RV make_room(Listing *listing, size_t count)
{
    const size_t needed = listing->count + count;
    SrEntry **entries;

    if (needed > ENTRIES_MAX)
        return CKR_DEVICE_ERROR;
    if (needed <= listing->room)
        return CKR_OK;
    entries = realloc(listing->entries, needed * sizeof(SrEntry *));
    if (!entries)
        return CKR_HOST_MEMORY;
    listing->entries = entries;
    listing->room = needed;
    return CKR_OK;
}

static CK_RV read_entries(Listing *listing, SrPacketReader *reply)
{
    const uint32_t count = sr_packet_get_u32(reply);
    CK_RV result;

    if (count == UNCHANGED) {
        listing->is_unchanged = true;
        return CKR_OK;
    }
    if (reply->failed || count > (size_t)(reply->end - reply->at) / SMALLEST_ENTRY)
        return CKR_DEVICE_ERROR;
    result = make_room(listing, count);
    for (uint32_t i = 0; i < count && result == CKR_OK; i++) {
        result = sr_entry_read(reply, &listing->entries[listing->count]);
        if (result == CKR_OK)
            listing->count++;
    }
    return result;
}

/* Ask for one page: *@listing gets its entries, and which is the next. */
static CK_RV read_page(Listing *listing, SrLink *link, SrToken token, uint64_t known,
                       uint64_t *ret_generation)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_LIST, 16);

    if (result == CKR_OK) {
        sr_packet_put_u32(&call.request, token);
        sr_packet_put_u64(&call.request, known);
        sr_packet_put_u32(&call.request, listing->next);
        result = sr_call_run(&call, link);
    }
    if (result == CKR_OK) {
        const uint32_t before = listing->next;
        const size_t count = listing->count;

        *ret_generation = sr_packet_get_u64(&call.reply);
        listing->next = sr_packet_get_u32(&call.reply);
        result = read_entries(listing, &call.reply);
        if (result == CKR_OK)
            result = sr_call_check(&call);
        if (listing->next != 0 && (listing->next <= before || listing->count == count))
            result = CKR_DEVICE_ERROR; /* it would go on for ever */
    }
    sr_call_end(&call);
    return result;
}

/* All pages; CKR_OK with generation 0 when the objects changed on the way. */
static CK_RV read_pages(Listing *listing, SrLink *link, SrToken token, uint64_t known)
{
    CK_RV result = read_page(listing, link, token, known, &listing->generation);

    if (listing->is_unchanged && known == 0)
        return CKR_DEVICE_ERROR;
    while (result == CKR_OK && listing->next != 0 && !listing->is_unchanged) {
        uint64_t generation;

        result = read_page(listing, link, token, 0, &generation);
        if (result == CKR_OK && listing->is_unchanged)
            result = CKR_DEVICE_ERROR;
        if (result == CKR_OK && generation != listing->generation) {
            listing->generation = 0;
            break;
        }
    }
    return result;
}

CK_RV sr_listing_refresh(SrObjectTable *table, SrLink *link, SrToken token)
{
    const uint64_t known = sr_object_table_begin_listing(table, token);
    Listing listing = {0};
    CK_RV result = read_pages(&listing, link, token, known);

    for (unsigned i = 1; i < ATTEMPTS && result == CKR_OK && listing.generation == 0; i++) {
        listing_clear(&listing);
        result = read_pages(&listing, link, token, 0);
    }
    if (result == CKR_OK && !listing.is_unchanged)
        result =
            sr_object_table_fill(table, token, listing.generation, listing.entries, listing.count);
    sr_object_table_end_listing(table);
    listing_clear(&listing);
    return result;
}
