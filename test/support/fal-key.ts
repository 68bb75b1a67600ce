/** The only key that the tests' look-alike of fal takes. It may stand in nothing that anybody can read. */
export const FAL_KEY = 'test-key-id:test-key-secret-5b1d';
