/* Templates of applications, and the rules of C_GetAttributeValue. */
#include "pkcs11/template.h"
#include "support/assert_bytes.h"

static CK_RV read_template(CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    SrTemplate template;

    return sr_template_read(attributes, count, &template);
}

static void test_hostile_arrays(void)
{
    CK_BYTE byte = 1;
    CK_ATTRIBUTE null_value[] = {{CKA_LABEL, NULL, 5}};
    CK_ATTRIBUTE long_value[] = {{CKA_LABEL, &byte, CK_UNAVAILABLE_INFORMATION}};
    CK_ATTRIBUTE fine[] = {{CKA_LABEL, NULL, 0}, {CKA_ID, &byte, 1}};

    g_assert_cmphex(read_template(NULL, 1), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(read_template(fine, CK_UNAVAILABLE_INFORMATION), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(read_template(fine, SR_TEMPLATE_MAX + 1), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(read_template(null_value, 1), ==, CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(read_template(long_value, 1), ==, CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(read_template(fine, 2), ==, CKR_OK);
    g_assert_cmphex(read_template(NULL, 0), ==, CKR_OK);
}

static void test_twice(void)
{
    CK_BYTE first[] = {1, 2};
    CK_BYTE same[] = {1, 2};
    CK_BYTE other[] = {1, 3};
    CK_ATTRIBUTE repeated[] = {{CKA_ID, first, 2}, {CKA_LABEL, NULL, 0}, {CKA_ID, same, 2}};
    CK_ATTRIBUTE changed[] = {{CKA_ID, first, 2}, {CKA_ID, other, 2}};
    CK_ATTRIBUTE shorter[] = {{CKA_ID, first, 2}, {CKA_ID, first, 1}};

    g_assert_cmphex(read_template(repeated, 3), ==, CKR_OK);
    g_assert_cmphex(read_template(changed, 2), ==, CKR_TEMPLATE_INCONSISTENT);
    g_assert_cmphex(read_template(shorter, 2), ==, CKR_TEMPLATE_INCONSISTENT);
}

static void test_typed_values(void)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL strange = 2;
    CK_ULONG number = 7;
    CK_ATTRIBUTE attributes[] = {
        {CKA_TOKEN, &yes, 1},       {CKA_PRIVATE, &strange, 1},
        {CKA_SIGN, &number, 8},     {CKA_CLASS, &number, sizeof number},
        {CKA_KEY_TYPE, &number, 4},
    };
    SrTemplate template;
    bool flag = false;
    CK_ULONG value = 3;

    g_assert_cmphex(sr_template_read(attributes, G_N_ELEMENTS(attributes), &template), ==, CKR_OK);
    g_assert_cmphex(sr_template_get_bool(&template, CKA_TOKEN, &flag), ==, CKR_OK);
    g_assert_true(flag);
    g_assert_cmphex(sr_template_get_bool(&template, CKA_PRIVATE, &flag), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(sr_template_get_bool(&template, CKA_SIGN, &flag), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(sr_template_get_number(&template, CKA_KEY_TYPE, &value), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(sr_template_get_number(&template, CKA_VALUE_LEN, &value), ==, CKR_OK);
    g_assert_cmpuint(value, ==, 3);
    g_assert_cmphex(sr_template_get_number(&template, CKA_CLASS, &value), ==, CKR_OK);
    g_assert_cmpuint(value, ==, 7);
}

/* §5.7.5: what becomes of pValue and ulValueLen. */
static void test_answers(void)
{
    CK_BYTE room[8] = "xxxxxxx";
    CK_ATTRIBUTE attribute = {CKA_LABEL, NULL, 77};
    SrValue value;

    sr_value_set(&value, (SrSlice){(const uint8_t *)"label", 5});
    g_assert_cmphex(sr_template_answer(&attribute, CKR_OK, &value), ==, CKR_OK);
    g_assert_cmpuint(attribute.ulValueLen, ==, 5);

    attribute = (CK_ATTRIBUTE){CKA_LABEL, room, 4};
    g_assert_cmphex(sr_template_answer(&attribute, CKR_OK, &value), ==, CKR_BUFFER_TOO_SMALL);
    g_assert_cmphex(attribute.ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);
    g_assert_cmpint(room[0], ==, 'x');

    attribute = (CK_ATTRIBUTE){CKA_LABEL, room, sizeof room};
    g_assert_cmphex(sr_template_answer(&attribute, CKR_OK, &value), ==, CKR_OK);
    sr_assert_bytes(room, attribute.ulValueLen, "label", (gsize)5);
    g_assert_cmpint(room[5], ==, 'x');

    attribute = (CK_ATTRIBUTE){CKA_LABEL, room, sizeof room};
    g_assert_cmphex(sr_template_answer(&attribute, CKR_ATTRIBUTE_SENSITIVE, NULL), ==,
                    CKR_ATTRIBUTE_SENSITIVE);
    g_assert_cmphex(attribute.ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);

    sr_value_set(&value, (SrSlice){NULL, 0});
    attribute = (CK_ATTRIBUTE){CKA_SUBJECT, room, 0};
    g_assert_cmphex(sr_template_answer(&attribute, CKR_OK, &value), ==, CKR_OK);
    g_assert_cmpuint(attribute.ulValueLen, ==, 0);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/template/hostile-arrays-are-refused", test_hostile_arrays);
    g_test_add_func("/pkcs11/template/attribute-given-twice", test_twice);
    g_test_add_func("/pkcs11/template/typed-values", test_typed_values);
    g_test_add_func("/pkcs11/template/answers-of-get-attribute-value", test_answers);
    return g_test_run();
}
