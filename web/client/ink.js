/** ink.js - what to write with on somebody's colour. */

/** Black or white, whichever reads better on a colour (WCAG's relative luminance). */
export function inkOn(color) {
    const [r, g, b] = [1, 3, 5].map((at) => {
        const c = parseInt(color.slice(at, at + 2), 16) / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? '#000000' : '#ffffff';
}
