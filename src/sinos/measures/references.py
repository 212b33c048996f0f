"""Full references of the measures."""

REFERENCES = (
    "Humphrey, J. & Schmitz, H. (2002). How does insertion in global value chains affect upgrading in industrial "
    "clusters? Regional Studies 36(9), 1017-1027.",
    "Heise, S., Pierce, J. R., Schaur, G. & Schott, P. K. (2024). Tariff rate uncertainty and the structure of supply "
    "chains. International Finance Discussion Papers 1389.",
    "Cajal-Grossi, J., Macchiavello, R. & Noguera, G. (2023). Buyers' sourcing strategies and suppliers' markups in "
    "Bangladeshi garments. Quarterly Journal of Economics 138(4), 2391-2450.",
    "Martin, J., Mejean, I. & Parenti, M. (2020). Relationship stickiness, international trade, and economic "
    "uncertainty. CEPR Discussion Paper 15609.",
    "Monarch, R. & Schmidt-Eisenlohr, T. (2023). Longevity and the value of trade relationships. Journal of "
    "International Economics 145, 103842.",
    "Kaplinsky, R. & Readman, J. (2005). Globalization and upgrading: what can (and cannot) be learnt from "
    "international trade statistics in the wood furniture sector? Industrial and Corporate Change 14(4), 679-703.",
    "Rauch, J. E. (1999). Networks versus markets in international trade. "
    "Journal of International Economics 48(1), 7-35.",
)
"""References of the methods, in the order in which the catalogue cites them."""
