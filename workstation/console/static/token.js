// What this page proves with that it was drawn for this browser; forms have it in a field.

/** The headers of a request that no form sends. */
export const OF_THIS_PAGE = { "x-traction-token": document.body.dataset.token };
