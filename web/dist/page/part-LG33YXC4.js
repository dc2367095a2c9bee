import{a,b,c,d}from"./part-ATIGEI6G.js";export{a as javascript,b as json,c as jsonld,d as typescript};
