/** Of the key to the tests' bucket; with characters that URLs encode, as real ones have. */
export const S3_SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLESECRET';
